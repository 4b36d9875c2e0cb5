"""The table as people and programs see it who write to it: whole records, and changes that lock nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aioboto3
from botocore.exceptions import BotoCoreError

from gco_stream.core.models import Item
from gco_stream.core.writing import Change, Path
from gco_stream.shell.aws import client_config, from_attributes, to_attributes, unusable
from gco_stream.shell.table import RecordTable

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

_KEY = "endpoint_name"


def configured_region() -> str | None:
    """Return the region that the AWS configuration of this machine names, or None."""
    try:
        return aioboto3.Session().region_name or None
    except BotoCoreError as error:
        raise unusable(error) from error


@asynccontextmanager
async def table_client(region: str) -> "AsyncIterator[DynamoDBClient]":
    """Open a client for the tables of a region.

    Raises:
        InvalidSettings: The AWS configuration of this machine cannot be used.
    """
    async with AsyncExitStack() as stack:
        try:
            session = aioboto3.Session(region_name=region)
            client = await stack.enter_async_context(session.client("dynamodb", config=client_config()))
        except (BotoCoreError, ValueError) as error:
            raise unusable(error) from error
        yield client


class RecordWriter(RecordTable):
    """Makes and changes whole records, as people do; every write is conditional."""

    async def all(self) -> Sequence[Item]:
        """Read every record, in the order of their names."""
        found = [item async for page in self.scan() for item in page]
        return sorted(found, key=lambda item: str(item[_KEY]))

    async def all_lately(self) -> Sequence[Item]:
        """Read every record at half the price, as it was a moment ago; in no order."""
        return [item async for page in self.scan(is_consistent=False) for item in page]

    async def create(self, item: Item) -> Item:
        """Put a new record, and return it as it is then read.

        Raises:
            Conflict: There is one of this name.
        """
        attributes = to_attributes(item)
        await self.call("put_item", Item=attributes, ConditionExpression=f"attribute_not_exists({_KEY})")
        return from_attributes(attributes)

    async def change(self, change: Change) -> Item:
        """Write a change, and return the record as it then is.

        Raises:
            Conflict: What it was made from does not hold any more.
        """
        expression = _Expression()
        sets = ", ".join(f"{expression.path(p)} = {expression.value(v)}" for p, v in change.sets.items())
        removes = ", ".join(expression.path(path) for path in change.removes)
        tests = [expression.is_unchanged(change.before, path) for path in change.unchanged]
        answer = await self.call(
            "update_item",
            Key=to_attributes({_KEY: change.before[_KEY]}),
            UpdateExpression=" ".join(
                [*([f"SET {sets}"] if sets else []), *([f"REMOVE {removes}"] if removes else [])]
            ),
            ConditionExpression=" AND ".join([f"attribute_exists({_KEY})", *tests]),
            ExpressionAttributeNames={place: step for step, place in expression.names.items()},
            ExpressionAttributeValues=to_attributes(expression.values),
            ReturnValues="ALL_NEW",
        )
        return from_attributes(answer["Attributes"])


class _Expression:
    """Collects the names and values of an expression; every name is a placeholder, since many words are reserved."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def path(self, path: Path) -> str:
        for step in path:
            self.names.setdefault(step, f"#n{len(self.names)}")
        return ".".join(self.names[step] for step in path)

    def value(self, value: Any) -> str:
        name = f":v{len(self.values)}"
        self.values[name] = value
        return name

    def is_unchanged(self, before: Item, path: Path) -> str:
        there, value = _found(before, path)
        name = self.path(path)
        return f"{name} = {self.value(value)}" if there else f"attribute_not_exists({name})"


def _found(item: Any, path: Path) -> tuple[bool, Any]:
    for step in path:
        if not isinstance(item, Mapping) or step not in item:
            return False, None
        item = item[step]
    return True, item
