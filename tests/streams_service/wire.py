"""The wire protocol of DynamoDB Streams, JSON 1.0: requests into questions to the model, its answers into bodies."""

from collections.abc import Callable, Mapping
from typing import Any

from gco_stream.shell.aws import to_attributes
from tests.streams_service.model import TABLE, ServiceError, StreamsModel
from tests.streams_service.shard import Kept, ModelShard

Body = Mapping[str, Any]
EPOCH = 1_767_225_600
"""When the model's time is 0: the first of January 2026."""


def answer(model: StreamsModel, target: str, body: Body) -> dict[str, Any]:
    """Answer one request.

    Raises:
        ServiceError: What the service would answer instead.
    """
    operation = _OPERATIONS.get(target.rpartition(".")[2])
    if operation is None:
        raise ServiceError("UnknownOperationException", target)
    return operation(model, body)


def _describe_table(model: StreamsModel, body: Body) -> dict[str, Any]:
    if body["TableName"] != TABLE:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Table: {body['TableName']}")
    # The name of the last stream stays after it was disabled, as in the service.
    latest = {"LatestStreamArn": model.latest_arn} if model.latest_arn is not None else {}
    enabled = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": model.view}} if model.arn else {}
    return {"Table": {"TableName": TABLE, "TableStatus": "ACTIVE", **latest, **enabled}}


def _list_streams(model: StreamsModel, body: Body) -> dict[str, Any]:
    wanted = body.get("TableName", TABLE) == TABLE
    arns = [arn for arn in sorted(model.streams) if wanted and arn > body.get("ExclusiveStartStreamArn", "")]
    page = arns[: body.get("Limit", 100)]
    last = {"LastEvaluatedStreamArn": page[-1]} if len(page) < len(arns) else {}
    return {"Streams": [{"StreamArn": arn, "StreamLabel": _label(arn), "TableName": TABLE} for arn in page], **last}


def _describe_stream(model: StreamsModel, body: Body) -> dict[str, Any]:
    arn = body["StreamArn"]
    page = model.describe_stream(
        arn,
        parent=body.get("ShardFilter", {}).get("ShardId"),
        after=body.get("ExclusiveStartShardId"),
        limit=_checked(body.get("Limit", 100), most=100),
    )
    description = {
        "StreamArn": arn,
        "StreamLabel": _label(arn),
        "StreamStatus": "ENABLED" if arn == model.arn else "DISABLED",
        "StreamViewType": model.view,
        "TableName": TABLE,
        "Shards": [_shard(shard) for shard in page.shards],
    }
    return {"StreamDescription": {**description, **({"LastEvaluatedShardId": page.last} if page.last else {})}}


def _get_shard_iterator(model: StreamsModel, body: Body) -> dict[str, Any]:
    iterator = model.get_shard_iterator(
        body["StreamArn"], body["ShardId"], body["ShardIteratorType"], body.get("SequenceNumber")
    )
    return {"ShardIterator": iterator}


def _get_records(model: StreamsModel, body: Body) -> dict[str, Any]:
    page = model.get_records(body["ShardIterator"], limit=_checked(body.get("Limit", 1000), most=1000))
    following = {"NextShardIterator": page.next_iterator} if page.next_iterator else {}
    return {"Records": [_record(kept, model.view) for kept in page.records], **following}


_OPERATIONS: Mapping[str, Callable[[StreamsModel, Body], dict[str, Any]]] = {
    "DescribeTable": _describe_table,
    "ListStreams": _list_streams,
    "DescribeStream": _describe_stream,
    "GetShardIterator": _get_shard_iterator,
    "GetRecords": _get_records,
}


def _checked(limit: int, *, most: int) -> int:
    if not 1 <= limit <= most:
        raise ServiceError("ValidationException", f"Limit must be from 1 to {most}")
    return limit


def _label(arn: str) -> str:
    return arn.rpartition("/")[2]


def _shard(shard: ModelShard) -> dict[str, Any]:
    is_closed = shard.closed and not shard.looks_open
    ending = {"EndingSequenceNumber": shard.last()} if is_closed else {}
    parent = {"ParentShardId": shard.parent} if shard.parent else {}
    return {
        "ShardId": shard.id,
        "SequenceNumberRange": {"StartingSequenceNumber": shard.starting, **ending},
        **parent,
    }


def _record(kept: Kept, view: str) -> dict[str, Any]:
    record = kept.record
    images = {"OldImage": record.before, "NewImage": record.after}
    kind = "INSERT" if record.before is None else "REMOVE" if record.after is None else "MODIFY"
    return {
        "eventID": record.sequence[-12:],
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            # In whole seconds, rounded down.
            "ApproximateCreationDateTime": EPOCH + int(kept.at),
            "Keys": to_attributes({"endpoint_name": record.name}),
            **{key: to_attributes(image) for key, image in images.items() if image is not None},
            "SequenceNumber": record.sequence,
            "SizeBytes": 100,
            "StreamViewType": view,
        },
    }
