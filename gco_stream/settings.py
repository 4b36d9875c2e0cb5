"""The settings of ``gco-stream run``, read from an environment."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from gco_stream.errors import InvalidSettings, Problem, Shown

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")

# Of two processes' clocks one may be so much faster: leading ends by one before the lease runs out by the other.
_CLOCKS_APART = 1.25


def is_region(name: str) -> bool:
    """Whether a name can be an AWS region's."""
    return _REGION.fullmatch(name) is not None


def _known_region(region: str) -> str:
    if not is_region(region):
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


def _whole_seconds(value: timedelta) -> timedelta:
    if value % timedelta(seconds=1):
        raise ValueError("must be a whole number of seconds: Kubernetes knows no other")
    return value


def _shorter_than(field: str, *, times: float = 1.0) -> AfterValidator:
    """Hold a duration against another that was read before it, unless that is wrong by itself."""

    def check(value: timedelta, info: ValidationInfo) -> timedelta:
        longer = info.data.get(field)
        if longer is not None and value * times >= longer:
            name = f"{field.upper()}_SECONDS" + ("" if times == 1 else f" / {times:g}")
            raise ValueError(f"must be less than {name} ({longer.total_seconds() / times:.4g})")
        return value

    return AfterValidator(check)


def _workers(value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 256:
        return int(text)
    raise ValueError("must be a whole number from 1 to 256")


def _brake(value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and int(text) <= 1_000_000:
        return int(text)
    raise ValueError("must be a whole number from 0, which asks about each, to 1000000")


def _port(value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise ValueError("must be a port from 1 to 65535, or 0 for none")


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
        deletion_brake: How many endpoints whose records are gone lose their objects within 5 minutes without asking.
        target_groups: How many target groups published endpoints may have together on the shared load balancer.
        canary_warmup: How long the load balancer is given to register a canary's pods before they get traffic.
        drain: How long an ended canary is given to finish its last requests.
        lease_duration: How long other processes leave a leader's Lease alone after its last renewal.
        lease_renew_deadline: After so long without a renewal a leader ends; half of it is what one write may take.
        lease_retry: Time between two renewals, and between two looks of a standby.
        own_lease_namespace: Where the Lease is; None means ``namespace``.
        model_sync_image: Image of the init container that copies models from S3.
        health_port: Where probes, metrics and the status page are served; 0: nowhere.
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
    deletion_brake: Annotated[int, BeforeValidator(_brake)] = Field(default=5, alias="DELETION_BRAKE")
    target_groups: Annotated[int, BeforeValidator(_target_groups)] = Field(default=90, alias="ALB_TARGET_GROUPS")
    canary_warmup: Annotated[timedelta, _seconds(at_least=0, at_most=3600)] = Field(
        default=timedelta(seconds=30), alias="CANARY_WARMUP_SECONDS"
    )
    drain: Annotated[timedelta, _seconds(at_least=0, at_most=3600)] = Field(
        default=timedelta(seconds=30), alias="DRAIN_SECONDS"
    )
    lease_duration: Annotated[timedelta, _seconds(at_least=1, at_most=3600), AfterValidator(_whole_seconds)] = Field(
        default=timedelta(seconds=15), alias="LEASE_DURATION_SECONDS"
    )
    lease_renew_deadline: Annotated[
        timedelta, _seconds(at_least=0.1, at_most=3600), _shorter_than("lease_duration", times=_CLOCKS_APART)
    ] = Field(default=timedelta(seconds=10), alias="LEASE_RENEW_DEADLINE_SECONDS")
    lease_retry: Annotated[
        timedelta, _seconds(at_least=0.1, at_most=3600), _shorter_than("lease_renew_deadline", times=1.2)
    ] = Field(default=timedelta(seconds=2), alias="LEASE_RETRY_SECONDS")
    own_lease_namespace: str | None = Field(default=None, alias="LEASE_NAMESPACE")
    model_sync_image: str = Field(default="amazon/aws-cli:2.37.4", alias="MODEL_SYNC_IMAGE")
    health_port: Annotated[int, BeforeValidator(_port)] = Field(default=8080, alias="HEALTH_PORT")
    hostname: str = Field(default="gco-stream", alias="HOSTNAME")
    log_level: Annotated[LogLevel, _word("DEBUG", "INFO", "WARNING", "ERROR")] = Field(
        default="INFO", alias="LOG_LEVEL"
    )
    log_format: Annotated[Literal["json", "text"], _word("json", "text")] = Field(default="json", alias="LOG_FORMAT")

    @property
    def table_region(self) -> str:
        """The region that the table is in."""
        return self.dynamodb_region or self.region

    @property
    def lease_namespace(self) -> str:
        """The namespace that the Lease is in."""
        return self.own_lease_namespace or self.namespace


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
    if variable in Settings.model_fields:  # so a default is called that does not go with what is set
        variable = str(Settings.model_fields[variable].alias)
    if details["type"] == "missing":
        return Problem(variable, None, "is required, e.g. 'us-east-1'")
    value = details["input"]
    shown = Shown(f"{value.total_seconds():g}") if isinstance(value, timedelta) else value
    return Problem(variable, shown, details["msg"].removeprefix("Value error, "))
