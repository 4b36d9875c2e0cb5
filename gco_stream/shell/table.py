"""The ``Records`` port on a DynamoDB table.

Numbers come as ``Decimal``; unknown fields stay in the items. No write touches ``updated_at``, and each is conditional
on what was read, because nobody who writes to the table locks anything.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import DESIRED_FIELDS
from gco_stream.errors import Transient
from gco_stream.shell.aws import answer_of, aws_errors, from_attributes, to_attributes
from gco_stream.shell.retry import retrying

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

_KEY = "endpoint_name"


class RecordTable:
    """Reads the records of one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def get(self, name: EndpointName) -> Item | None:
        """Read one record, strongly consistent; None if there is none."""
        answer = await self.call("get_item", Key=to_attributes({_KEY: name}), ConsistentRead=True)
        return from_attributes(answer["Item"]) if "Item" in answer else None

    async def scan(self) -> AsyncIterator[Sequence[Item]]:
        """Read every record, strongly consistent, page by page of at most 1 MB."""
        start: dict[str, Any] = {}
        while True:
            page = await self.call("scan", ConsistentRead=True, **start)
            yield [from_attributes(item) for item in page["Items"]]
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
        is_same, same = _unchanged(item, ("created_at",))
        values: dict[str, Any] = {":map": "M", **same}
        if isinstance(item.get("region_status"), Mapping):
            update, values[":status"] = "SET region_status.#region = :status", status
            condition = f"{is_same} AND attribute_type(region_status, :map)"
        else:
            update, values[":status"] = "SET region_status = :status", {region: status}
            condition = f"{is_same} AND NOT attribute_type(region_status, :map)"
        names = {"ExpressionAttributeNames": {"#region": region}} if "#region" in update else {}
        answer = await self.call(
            "update_item",
            Key=to_attributes({_KEY: item[_KEY]}),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=to_attributes(values),
            ReturnValues="ALL_NEW",
            **names,
        )
        return from_attributes(answer["Attributes"])

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


def _unchanged(item: Item, fields: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Make the condition that these fields of a record are still as they were read."""
    values = {f":{field}": item[field] for field in fields if field in item}
    tests = [f"{field} = :{field}" if field in item else f"attribute_not_exists({field})" for field in fields]
    return " AND ".join([f"attribute_exists({_KEY})", *tests]), values
