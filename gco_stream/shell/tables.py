"""The table itself: making it, and what it is like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from gco_stream.core.table_shape import KEY, VIEW
from gco_stream.errors import Conflict, Transient
from gco_stream.ports import Clock
from gco_stream.shell.aws import answer_of, aws_errors, code_of
from gco_stream.shell.retry import retrying

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

Description = Mapping[str, Any]

_STREAM = {"StreamEnabled": True, "StreamViewType": VIEW}
_LOOK_AGAIN_SECONDS = 0.5
_LOOKS = 240


class Tables:
    """The tables of one region."""

    def __init__(self, client: "DynamoDBClient", clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def describe(self, table: str) -> Description | None:
        """Read what DynamoDB says of a table; None if there is none."""
        try:
            answer = await self._call("describe_table", TableName=table)
        except ClientError:
            return None
        description: Description = answer["Table"]
        return description

    async def create(self, table: str) -> Description:
        """Make a table of endpoints, and wait until it can be used.

        Raises:
            Conflict: There is one of this name.
        """
        await self._call(
            "create_table",
            TableName=table,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=_STREAM,
        )
        return await self._active(table)

    async def enable_stream(self, table: str) -> Description:
        """Enable the stream of a table that has none, and wait until it can be read.

        Raises:
            Conflict: The table is being changed by somebody else.
        """
        await self._call("update_table", TableName=table, StreamSpecification=_STREAM)
        return await self._active(table)

    async def _active(self, table: str) -> Description:
        for _ in range(_LOOKS):
            description = await self.describe(table)
            if description is not None and description.get("TableStatus") == "ACTIVE":
                return description
            await self._clock.sleep(_LOOK_AGAIN_SECONDS)
        raise Transient(f"table {table} is not active yet: `gco-stream table describe` shows when it is")

    async def _call(self, operation: str, **parameters: Any) -> Any:
        call = getattr(self._client, operation)
        doing = f"{operation} {parameters['TableName']}"
        async for attempt in retrying():
            with attempt, aws_errors(doing):
                try:
                    return await answer_of(call(**parameters), doing)
                except ClientError as error:
                    if code_of(error) == "ResourceInUseException":
                        raise Conflict(f"{doing}: it exists already, or is being changed") from error
                    raise
        raise AssertionError("a retried call either returns or raises")
