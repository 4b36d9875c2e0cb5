"""The ``Records`` port on a DynamoDB table.

Numbers come as ``Decimal``; unknown fields stay in the items. No write touches ``updated_at``, and each is conditional
on what was read, because nobody who writes to the table locks anything.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from gco_stream.core.epoch import EPOCH, LARGEST, epoch_in
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import DESIRED_FIELDS
from gco_stream.errors import Conflict, LostLeadership, Transient
from gco_stream.shell.aws import answer_of, aws_errors, from_attributes, to_attributes
from gco_stream.shell.retry import retrying

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

_KEY = "endpoint_name"
# While an answer is decoded it takes ten times its size; a full one, of 1 MB, would be the peak of a whole start.
_PAGE = 400
_NO_LATER_EPOCH = (
    "NOT (region_status.#region.#cluster = :cluster AND attribute_type(region_status.#region.#epoch, :number)"
    " AND region_status.#region.#epoch > :epoch AND region_status.#region.#epoch <= :largest)"
)


class RecordTable:
    """Reads the records of one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def get(self, name: EndpointName) -> Item | None:
        """Read one record, strongly consistent; None if there is none."""
        answer = await self.call("get_item", Key=to_attributes({_KEY: name}), ConsistentRead=True)
        return from_attributes(answer["Item"]) if "Item" in answer else None

    async def scan(self, *, is_consistent: bool = True) -> AsyncIterator[Sequence[Item]]:
        """Read every record, strongly consistent unless half the price is worth more, page by page."""
        start: dict[str, Any] = {}
        while True:
            page = await self.call("scan", ConsistentRead=is_consistent, Limit=_PAGE, **start)
            yield _taken_out(page["Items"])
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    async def call(self, operation: str, **parameters: Any) -> Any:
        """Send one request, again where that helps at once.

        Raises:
            Conflict: Its condition does not hold.
            Refused: The table will never take it.
            Denied, Transient: As always.
        """
        call = getattr(self._client, operation)
        doing = f"{operation} on table {self._table}"
        async for attempt in retrying():
            with attempt:
                try:
                    with aws_errors(doing):
                        return await answer_of(call(TableName=self._table, **parameters), doing)
                except ClientError as error:
                    region = self._client.meta.region_name
                    raise Transient(f"there is no table {self._table} in {region}") from error
        raise AssertionError("a retried call either returns or raises")


class DynamoRecords(RecordTable):
    """The controller's reads and writes."""

    async def write_status(self, item: Item, region: str, status: Mapping[str, Any]) -> Item:
        """Write one region's status into a record that exists, and return the record as it then is."""
        request = _status_request(item, region, status)
        try:
            answer = await self.call("update_item", ReturnValues="ALL_NEW", **request)
        except Conflict as conflict:
            await self._make_sure_to_lead(item, region, status, conflict)
            raise
        return from_attributes(answer["Attributes"])

    async def _make_sure_to_lead(self, item: Item, region: str, status: Mapping[str, Any], conflict: Conflict) -> None:
        """Find out whether a status was not written because a later leader has written one."""
        found = await self.get(item[_KEY]) if EPOCH in status else None
        if found is not None and epoch_in(found, region, status.get("cluster", "")) > status[EPOCH]:
            raise LostLeadership(f"a later leader has written a status of {item[_KEY]}") from conflict

    async def promote(self, item: Item) -> None:
        """Turn ``deploying`` into ``running``, if the record still wants what ``item`` wants."""
        condition, values = _unchanged(item, ("desired_state", "target_regions", *DESIRED_FIELDS))
        await self.call(
            "update_item",
            Key=to_attributes({_KEY: item[_KEY]}),
            UpdateExpression="SET desired_state = :running",
            ConditionExpression=condition,
            ExpressionAttributeValues=to_attributes({**values, ":running": "running"}),
        )

    async def purge(self, item: Item) -> None:
        """Delete a record, if its state, its regions and every status are still those of ``item``."""
        condition, values = _unchanged(item, ("desired_state", "target_regions", "region_status"))
        await self.call(
            "delete_item",
            Key=to_attributes({_KEY: item[_KEY]}),
            ConditionExpression=condition,
            ExpressionAttributeValues=to_attributes(values),
        )


def _taken_out(attributes: list[dict[str, Any]]) -> list[Item]:
    """Read the items of a page, and let go of each as it came: a page of both would be what a start peaks at."""
    attributes.reverse()
    return [from_attributes(attributes.pop()) for _ in range(len(attributes))]


def _status_request(item: Item, region: str, status: Mapping[str, Any]) -> dict[str, Any]:
    """Make the write of one region's status, or of the whole map where there is none."""
    is_same, same = _unchanged(item, ("created_at",))
    values: dict[str, Any] = {":map": "M", **same}
    names: dict[str, str] = {}
    if isinstance(item.get("region_status"), Mapping):
        update, values[":status"], names = "SET region_status.#region = :status", status, {"#region": region}
        condition = f"{is_same} AND attribute_type(region_status, :map)"
    else:
        update, values[":status"] = "SET region_status = :status", {region: status}
        condition = f"{is_same} AND NOT attribute_type(region_status, :map)"
    if names and EPOCH in status:
        condition += f" AND {_NO_LATER_EPOCH}"
        names |= {"#epoch": EPOCH, "#cluster": "cluster"}
        values |= {":cluster": status.get("cluster"), ":epoch": status[EPOCH], ":largest": LARGEST, ":number": "N"}
    return {
        "Key": to_attributes({_KEY: item[_KEY]}),
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": to_attributes(values),
        **({"ExpressionAttributeNames": names} if names else {}),
    }


def _unchanged(item: Item, fields: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Make the condition that these fields of a record are still as they were read."""
    values = {f":{field}": item[field] for field in fields if field in item}
    tests = [f"{field} = :{field}" if field in item else f"attribute_not_exists({field})" for field in fields]
    return " AND ".join([f"attribute_exists({_KEY})", *tests]), values
