"""The ``Records`` port on a dictionary."""

from collections.abc import AsyncIterator, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from itertools import islice
from typing import Any

from gco_stream.core.epoch import epoch_in
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import DESIRED_FIELDS
from gco_stream.errors import Conflict, LostLeadership
from tests.fakes.line import Line
from tests.streams_service.model import StreamsModel


class FakeRecords:
    """A table, and, where it has one, the stream that tells of every change.

    Attributes:
        items: Every record by name.
        page_size: How many records a page of a scan has.
    """

    def __init__(self, *, stream: StreamsModel | None = None, line: Line | None = None, page_size: int = 100) -> None:
        self.line = line or Line()
        self.page_size = page_size
        self.items: dict[str, dict[str, Any]] = {}
        self._stream = stream

    # What people do.

    def tells(self, stream: StreamsModel) -> None:
        """Tell another stream of changes from now on."""
        self._stream = stream

    def put(self, item: Item) -> None:
        self._store(as_stored(item))

    def change(self, name: str, **fields: Any) -> None:
        self.put({**self.items[name], **fields})

    def remove(self, name: str) -> None:
        self._forget(name)

    def status(self, name: str, region: str) -> Mapping[str, Any]:
        """What a region has reported, empty if nothing."""
        status: Mapping[str, Any] = (self.items[name].get("region_status") or {}).get(region, {})
        return status

    # What the controller does.

    async def get(self, name: EndpointName) -> Item | None:
        await self.line.call("get", name)
        return deepcopy(self.items.get(name))

    async def scan(self) -> AsyncIterator[Sequence[Item]]:
        after = ""
        while True:
            await self.line.call("scan")
            names = list(islice((name for name in sorted(self.items) if name > after), self.page_size))
            yield [deepcopy(self.items[name]) for name in names]
            if len(names) < self.page_size:
                return
            after = names[-1]

    async def write_status(self, item: Item, region: str, status: Mapping[str, Any]) -> Item:
        name = item["endpoint_name"]
        await self.line.call("write_status", name)
        stored = self.items.get(name)
        had_map = isinstance(item.get("region_status"), Mapping)
        is_another = stored is None or stored.get("created_at") != item.get("created_at")
        if stored is None or is_another or isinstance(stored.get("region_status"), Mapping) is not had_map:
            raise Conflict("the conditional request failed")
        if "epoch" in status and epoch_in(stored, region, status.get("cluster", "")) > status["epoch"]:
            raise LostLeadership("a later leader has written a status")
        statuses = stored["region_status"] if had_map else {}
        self._store({**stored, "region_status": {**statuses, region: as_stored(status)}})
        return deepcopy(self.items[name])

    async def promote(self, item: Item) -> None:
        await self.line.call("promote", item["endpoint_name"])
        stored = self._unchanged(item, "desired_state", "target_regions", *DESIRED_FIELDS)
        self._store({**stored, "desired_state": "running"})

    async def purge(self, item: Item) -> None:
        await self.line.call("purge", item["endpoint_name"])
        self._unchanged(item, "desired_state", "target_regions", "region_status")
        self._forget(item["endpoint_name"])

    def _unchanged(self, item: Item, *fields: str) -> dict[str, Any]:
        stored = self.items.get(item["endpoint_name"])
        if stored is None or any(stored.get(field) != item.get(field) for field in fields):
            raise Conflict("the conditional request failed")
        return stored

    def _store(self, item: dict[str, Any]) -> None:
        name = item["endpoint_name"]
        before, self.items[name] = self.items.get(name), deepcopy(item)
        self._tell(name, before, item)

    def _forget(self, name: str) -> None:
        before = self.items.pop(name, None)
        self._tell(name, before, None)

    def _tell(self, name: str, before: Item | None, after: Item | None) -> None:
        if self._stream is not None and before != after:
            self._stream.tell(EndpointName(name), before=deepcopy(before), after=deepcopy(after))


def as_stored(value: Any) -> Any:
    """Return a value as it comes back from the table: its own copy, numbers as ``Decimal``."""
    if isinstance(value, Mapping):
        return {key: as_stored(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_stored(entry) for entry in value]
    if isinstance(value, float):
        raise TypeError("Float types are not supported. Use Decimal types instead.")
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
