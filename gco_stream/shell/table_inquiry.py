"""Asks AWS whether a controller could work with the table; whatever is asked changes nothing.

Each action of the policy is tried, since AWS tells nobody what they may do. Writes have a condition that never holds.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, cast

from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from gco_stream.core.checkup import NoAnswer, Place
from gco_stream.core.table_checkup import TableFacts
from gco_stream.core.table_shape import KEY, has_stream
from gco_stream.errors import Denied, GcoStreamError, Transient
from gco_stream.shell.aws import AwsSession, answer_of, aws_errors, client_config, code_of

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodbstreams import DynamoDBStreamsClient

INQUIRY = "gco-stream-check"
"""Stands in the requests' user agent, so that audits can tell a question from work."""

SECONDS = 5.0
# No endpoint can be called like this, and the condition contradicts itself.
_NOBODY = {KEY: {"S": "-"}}
_NEVER = f"attribute_exists({KEY}) AND attribute_not_exists({KEY})"
_THROTTLED = frozenset({"LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException"})

_Actions = dict[str, NoAnswer | None]


async def ask_aws(session: AwsSession, place: Place) -> TableFacts:
    """Find out what can be known of credentials, table and stream, and what may be done with them."""
    credentials = await _credentials(session)
    if isinstance(credentials, NoAnswer):
        return TableFacts(credentials=credentials)
    config = client_config().merge(AioConfig(user_agent_extra=INQUIRY))
    async with AsyncExitStack() as stack:
        try:
            tables = await stack.enter_async_context(session.client("dynamodb", config=config))
            streams = await stack.enter_async_context(session.client("dynamodbstreams", config=config))
        except (BotoCoreError, ValueError) as error:
            return TableFacts(credentials=NoAnswer(f"the AWS configuration is unusable: {error}", is_denied=True))
        table = await _describe(tables, place.table)
        if table is None or isinstance(table, NoAnswer):
            return TableFacts(credentials=credentials, table=table)
        actions: _Actions = {"DescribeTable": None, **await _try_table(tables, place.table)}
        of_stream: tuple[_Actions, bool] = ({}, False)
        if has_stream(table):
            of_stream = await _try_stream(streams, table["LatestStreamArn"])
    actions |= of_stream[0]
    return TableFacts(credentials=credentials, table=table, actions=actions, is_throttled=of_stream[1])


async def _credentials(session: AwsSession) -> str | NoAnswer:
    """Say how credentials are found; with a web identity, the role is assumed for it."""
    try:
        found: Any = await cast("Awaitable[Any]", session.get_credentials())
        if found is None:
            return NoAnswer("no usable AWS credentials", is_denied=True)
        await found.get_frozen_credentials()
    except ClientError as error:
        return NoAnswer(f"credentials are refused: {error}", is_denied=True)
    except (BotoCoreError, OSError) as error:
        return NoAnswer(f"credentials cannot be had: {error}")
    return str(found.method)


async def _describe(tables: "DynamoDBClient", table: str) -> Mapping[str, Any] | NoAnswer | None:
    try:
        answer = await _ask("DescribeTable", tables.describe_table(TableName=table))
    except ClientError:
        return None
    except GcoStreamError as error:
        return _no_answer(error)
    description: Mapping[str, Any] = answer["Table"]
    return description


async def _try_table(tables: "DynamoDBClient", table: str) -> _Actions:
    refused: dict[str, Any] = {"TableName": table, "Key": _NOBODY, "ConditionExpression": _NEVER}
    calls = {
        "GetItem": tables.get_item(TableName=table, Key=_NOBODY),
        "Scan": tables.scan(TableName=table, Limit=1),
        "UpdateItem": tables.update_item(**refused),
        "DeleteItem": tables.delete_item(**refused),
    }
    async with asyncio.TaskGroup() as group:
        tried = {action: group.create_task(_try(action, call)) for action, call in calls.items()}
    return {action: task.result() for action, task in tried.items()}


async def _try_stream(streams: "DynamoDBStreamsClient", arn: str) -> tuple[_Actions, bool]:
    """Try to read one shard that is open; what cannot be tried for lack of what comes before is left out."""
    actions: _Actions = {}
    try:
        described = await _ask("DescribeStream", streams.describe_stream(StreamArn=arn))
        actions["DescribeStream"] = None
        shards = described["StreamDescription"].get("Shards") or ()
        if shards:
            last = {"StreamArn": arn, "ShardId": shards[-1]["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            opened = await _ask("GetShardIterator", streams.get_shard_iterator(**last))
            actions["GetShardIterator"] = None
            await _ask("GetRecords", streams.get_records(ShardIterator=opened["ShardIterator"], Limit=1))
            actions["GetRecords"] = None
    except (GcoStreamError, ClientError) as error:
        missing = next(one for one in ("DescribeStream", "GetShardIterator", "GetRecords") if one not in actions)
        is_throttled = isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in _THROTTLED
        # Whoever is told to be slower may do it.
        return actions | {missing: None if is_throttled else _no_answer(error)}, is_throttled
    return actions, False


async def _try(action: str, call: Awaitable[Any]) -> NoAnswer | None:
    """Try one action; None: it may be done, even if this time it was refused for what it asked."""
    try:
        await _ask(action, call)
    except Transient as error:
        return _no_answer(error)
    except (GcoStreamError, ClientError):
        return None
    return None


async def _ask(action: str, call: Awaitable[Any]) -> Any:
    with aws_errors(action):
        return await answer_of(call, action, within=SECONDS)


def _no_answer(error: Exception) -> NoAnswer:
    return NoAnswer(" ".join(str(error).split()), is_denied=isinstance(error, Denied))
