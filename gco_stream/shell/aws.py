"""DynamoDB's clients and the one door through which their errors come in."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aioboto3
from aiobotocore.config import AioConfig
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from gco_stream.errors import (
    Conflict,
    Denied,
    GcoStreamError,
    InvalidSettings,
    IteratorExpired,
    Problem,
    Refused,
    Shown,
    StreamGap,
    Transient,
)

AwsSession = aioboto3.Session

CALL_SECONDS = 10.0

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_NAMED: Mapping[str, type[GcoStreamError]] = {
    "ConditionalCheckFailedException": Conflict,
    "ExpiredIteratorException": IteratorExpired,
    "TrimmedDataAccessException": StreamGap,
}

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def new_session(region: str) -> AwsSession:
    """Make what AWS' clients come from.

    Raises:
        InvalidSettings: The AWS configuration of this machine cannot be used.
    """
    try:
        return AwsSession(region_name=region)
    except BotoCoreError as error:
        raise unusable(error) from error


def unusable(error: Exception) -> InvalidSettings:
    """Make the error for an AWS configuration that no client can be made of."""
    return InvalidSettings([Problem("the AWS configuration", Shown("unusable"), str(error))])


def client_config() -> AioConfig:
    """Make the configuration of every client: short deadlines, and no retries beside our own."""
    return AioConfig(
        connect_timeout=2,
        # The deadline around each call ends it first.
        read_timeout=2 * CALL_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=64,
        tcp_keepalive=True,
    )


def to_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write plain values as DynamoDB attributes."""
    return {key: _serializer.serialize(value) for key, value in values.items()}


def from_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read DynamoDB attributes as plain values: numbers as ``Decimal``, binary values as ``bytes``."""
    return {key: _plain(_deserializer.deserialize(value)) for key, value in attributes.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return bytes(value.value)  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | set):
        return type(value)(_plain(entry) for entry in value)
    return value


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn the clients' errors into ours; ``doing`` says in a message what failed.

    ``ResourceNotFoundException`` stays as it is: what it means depends on who asked.
    """
    try:
        yield
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            raise
        raise _named(error, doing) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Denied(f"{doing}: no usable AWS credentials: {error}") from error
    except BotoCoreError as error:
        raise Transient(f"{doing}: {error}") from error
    except TimeoutError as error:
        raise Transient(f"{doing}: no answer in time") from error
    except OSError as error:
        raise Transient(f"{doing}: {error}") from error


async def answer_of(call: Awaitable[Any], doing: str, *, within: float = CALL_SECONDS) -> Any:
    """Await one call within its deadline, and make sure that the answer is DynamoDB's own.

    A client's own timeouts do not cover everything that it waits for; and it reads a proxy's page, or nothing at all,
    as an answer without content, which here would mean that a record does not exist.
    """
    async with asyncio.timeout(within):
        answer = await call
    kind = answer["ResponseMetadata"]["HTTPHeaders"].get("content-type", "")
    if not kind.startswith("application/x-amz-json"):
        raise Transient(f"{doing}: the answer is not DynamoDB's")
    return answer


def code_of(error: ClientError) -> str:
    """Return the service's name for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _named(error: ClientError, doing: str) -> GcoStreamError:
    code = code_of(error)
    message = f"{doing}: {error.response.get('Error', {}).get('Message') or code}"
    if code in _NAMED:
        return _NAMED[code](message)
    if code in _DENIED:
        return Denied(message)
    if code == "ValidationException":
        return Refused(message, reason="ValidationException")
    return Transient(message)
