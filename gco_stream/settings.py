"""The settings of ``gco-stream run``, read from an environment."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gco_stream.errors import InvalidSettings, Problem

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


def _known_region(region: str) -> str:
    if not _REGION.fullmatch(region):
        raise ValueError("must be a region such as 'us-east-1'")
    return region


def _seconds(*, at_least: float, at_most: float) -> BeforeValidator:
    def check(value: object) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = float("nan")
        if at_least <= seconds <= at_most:
            return timedelta(seconds=seconds)
        raise ValueError(f"must be a number of seconds from {at_least:g} to {at_most:g}")

    return BeforeValidator(check)


def _workers(value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 256:
        return int(text)
    raise ValueError("must be a whole number from 1 to 256")


def _target_groups(value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 100:
        return int(text)
    raise ValueError("must be a whole number from 1 to 100, the most that a load balancer takes")


def _word(*allowed: str) -> BeforeValidator:
    def check(value: object) -> str:
        for word in allowed:
            if str(value).lower() == word.lower():
                return word
        raise ValueError("must be " + " or ".join(f"'{word}'" for word in allowed))

    return BeforeValidator(check)


Region = Annotated[str, AfterValidator(_known_region)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Settings(BaseModel):
    """Everything that can be set, with its default; the alias is the environment variable.

    Attributes:
        cluster_name: Name of the EKS cluster, for logs and statuses.
        region: The region that records name in ``target_regions``. Required: an empty region would read as
            "no endpoint is meant for me".
        dynamodb_region: Where the table is; None means ``region``.
        table_name: The table of endpoints.
        namespace: The one namespace that endpoints run in.
        reconcile_interval: Time between two full resyncs.
        kubernetes_timeout: Deadline of one call to the API server.
        unhealthy_threshold: How long a published endpoint may have no ready replica.
        event_source: ``streams``, or ``none`` to live on resyncs alone.
        stream_poll_interval: Time between two reads of a shard, at least 0.25 s (four readings per second is what
            a shard can bear of one reader).
        workers: How many endpoints are worked on at once.
        target_groups: How many target groups published endpoints may have together on the shared load balancer.
        model_sync_image: Image of the init container that copies models from S3.
        hostname: First part of this process's name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, validate_default=True)

    region: Region = Field(alias="REGION")
    cluster_name: str = Field(default="unknown-cluster", alias="CLUSTER_NAME")
    dynamodb_region: Region | None = Field(default=None, alias="DYNAMODB_REGION")
    table_name: str = Field(default="gco-inference-endpoints", alias="INFERENCE_ENDPOINTS_TABLE_NAME")
    namespace: str = Field(default="gco-inference", alias="INFERENCE_NAMESPACE")
    reconcile_interval: Annotated[timedelta, _seconds(at_least=0.1, at_most=86_400)] = Field(
        default=timedelta(seconds=300), alias="RECONCILE_INTERVAL_SECONDS"
    )
    kubernetes_timeout: Annotated[timedelta, _seconds(at_least=0.1, at_most=600)] = Field(
        default=timedelta(seconds=30), alias="K8S_API_TIMEOUT"
    )
    unhealthy_threshold: Annotated[timedelta, _seconds(at_least=0.1, at_most=86_400)] = Field(
        default=timedelta(seconds=300), alias="INFERENCE_UNHEALTHY_THRESHOLD_SECONDS"
    )
    event_source: Annotated[Literal["streams", "none"], _word("streams", "none")] = Field(
        default="streams", alias="EVENT_SOURCE"
    )
    stream_poll_interval: Annotated[timedelta, _seconds(at_least=0.25, at_most=60)] = Field(
        default=timedelta(seconds=0.25), alias="STREAM_POLL_INTERVAL_SECONDS"
    )
    workers: Annotated[int, BeforeValidator(_workers)] = Field(default=16, alias="WORKERS")
    target_groups: Annotated[int, BeforeValidator(_target_groups)] = Field(default=90, alias="ALB_TARGET_GROUPS")
    model_sync_image: str = Field(default="amazon/aws-cli:2.37.4", alias="MODEL_SYNC_IMAGE")
    hostname: str = Field(default="gco-stream", alias="HOSTNAME")
    log_level: Annotated[LogLevel, _word("DEBUG", "INFO", "WARNING", "ERROR")] = Field(
        default="INFO", alias="LOG_LEVEL"
    )
    log_format: Annotated[Literal["json", "text"], _word("json", "text")] = Field(default="json", alias="LOG_FORMAT")

    @property
    def table_region(self) -> str:
        """The region that the table is in."""
        return self.dynamodb_region or self.region


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; an empty variable means the same as one that is not there.

    Raises:
        InvalidSettings: With every problem, not only the first.
    """
    variables = {field.alias for field in Settings.model_fields.values()}
    given: dict[str, Any] = {k: value.strip() for k, value in environment.items() if k in variables and value.strip()}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise InvalidSettings([_problem(details) for details in error.errors(include_url=False)]) from None


def _problem(details: Any) -> Problem:
    variable = str(details["loc"][0])
    if details["type"] == "missing":
        return Problem(variable, None, "is required, e.g. 'us-east-1'")
    return Problem(variable, details["input"], details["msg"].removeprefix("Value error, "))
