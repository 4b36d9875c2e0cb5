"""Which table the commands speak of, from the same environment as the controller's."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gco_stream.cli.telling import Unable
from gco_stream.core.models import EndpointName, Item, Scope
from gco_stream.ports import Clock
from gco_stream.settings import Settings, read_settings
from gco_stream.shell.clock import SystemClock

if TYPE_CHECKING:
    from gco_stream.shell.tables import Tables
    from gco_stream.shell.writing import RecordWriter

_OURS = ("DYNAMODB_REGION", "INFERENCE_ENDPOINTS_TABLE_NAME", "INFERENCE_NAMESPACE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where records are read and written.

    Attributes:
        home: The region that ``REGION`` names, or None.
    """

    settings: Settings
    writer: "RecordWriter"
    tables: "Tables"
    clock: Clock
    home: str | None

    def scope(self, item: Item) -> Scope:
        """Return the scope that a record is checked for; which region does not matter."""
        return Scope(
            region=self.settings.region,
            cluster=self.settings.cluster_name,
            namespace=self.settings.namespace,
            model_sync_image=self.settings.model_sync_image,
        )

    async def read(self, name: str) -> Item:
        """Read a record.

        Raises:
            Unable: There is none.
        """
        item = await self.writer.get(EndpointName(name)) if name else None
        if item is None:
            where = f"table {self.settings.table_name} in {self.settings.table_region}"
            raise Unable(f"there is no endpoint {name!r} in {where}", hint="`gco-stream endpoint list` shows all")
        return item


def desk_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings that the table needs; a region is taken from the AWS configuration where none is set.

    Raises:
        InvalidSettings: With every problem.
    """
    from gco_stream.shell.writing import configured_region

    given = {key: environment[key] for key in _OURS if key in environment}
    regions = (environment.get(key, "").strip() for key in ("REGION", "DYNAMODB_REGION", "AWS_REGION"))
    region = next(filter(None, regions), None) or configured_region() or ""
    return read_settings({**given, "REGION": region})


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """Open what the commands on the table need.

    Raises:
        InvalidSettings: The environment or the AWS configuration cannot be used.
    """
    from gco_stream.shell.tables import Tables
    from gco_stream.shell.writing import RecordWriter, table_client

    settings = desk_settings(os.environ)
    clock = SystemClock()
    async with table_client(settings.table_region) as client:
        yield Desk(
            settings=settings,
            writer=RecordWriter(client, settings.table_name),
            tables=Tables(client, clock),
            clock=clock,
            home=os.environ.get("REGION", "").strip() or None,
        )
