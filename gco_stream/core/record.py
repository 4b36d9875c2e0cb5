"""Reads records at the door: what is understood here is trusted everywhere else.

A record is read in two steps, because an endpoint that must stop or go needs only its first part to be right:
a broken ``spec`` never keeps GPUs running.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from gco_stream.core import fields
from gco_stream.core.models import EndpointName, Item, Scope
from gco_stream.errors import InvalidRecord, Problem, Shown

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_INGRESS_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+/?")
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?")
_PLATFORM_PATHS = ("/api", "/healthz")
_LONGEST_NAME = 63 - len("-canary")
_LONGEST_PATH = 128


class DesiredState(StrEnum):
    """What a record wants of its endpoint."""

    DEPLOYING = "deploying"
    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Resources(_Part):
    """Container resources; the accelerator's own are added from ``gpu_count``."""

    requests: fields.Quantities = {"cpu": "1", "memory": "4Gi"}
    limits: fields.Quantities = {"cpu": "4", "memory": "16Gi"}


class Toleration(_Part):
    """A pod's toleration, in Kubernetes' own spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: fields.AnyText | None = None
    operator: Annotated[str, fields.one_of("Equal", "Exists")] | None = None
    value: fields.AnyText | None = None
    effect: Annotated[str, fields.one_of("NoSchedule", "PreferNoSchedule", "NoExecute")] | None = None
    tolerationSeconds: Annotated[int, fields.whole_number(0)] | None = None  # noqa: N815 - Kubernetes' spelling


class Metric(_Part):
    """What autoscaling looks at: average utilization in percent of the request."""

    type: Annotated[str, fields.one_of("cpu", "memory")] = "cpu"
    target: Annotated[int, fields.whole_number(1)] = 70


class Autoscaling(_Part):
    """Bounds and metrics of the horizontal pod autoscaler."""

    enabled: fields.Switch = False
    min_replicas: Annotated[int, fields.whole_number(1)] = 1
    max_replicas: Annotated[int, fields.whole_number(1)] = 10
    metrics: Annotated[tuple[Metric, ...], fields.is_list] = (Metric(),)

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Autoscaling":
        if self.min_replicas > self.max_replicas:
            bounds = f"min_replicas {self.min_replicas}, max_replicas {self.max_replicas}"
            raise fields.wrong("must not have min_replicas above max_replicas", shown=bounds)
        return self


class Canary(_Part):
    """A second version that gets ``weight`` percent of the traffic."""

    image: fields.Text
    weight: Annotated[int, fields.whole_number(1, 99)] = 10
    replicas: Annotated[int, fields.whole_number(0, 10_000)] = 1


class Rollout(_Part):
    """How pods are replaced; None means the default for the endpoint's kind of hardware."""

    max_surge: fields.CountOrPercent | None = None
    max_unavailable: fields.CountOrPercent | None = None
    progress_deadline_seconds: Annotated[int, fields.whole_number(1)] | None = None

    @model_validator(mode="after")
    def _something_may_move(self) -> "Rollout":
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            expected = "must leave one of them above 0, or no pod could ever be replaced"
            raise fields.wrong(expected, shown="max_surge 0, max_unavailable 0")
        return self


class EndpointSpec(_Part):
    """The ``spec`` of a record, complete and checked. Fields that we do not know are ignored."""

    image: fields.Text
    port: Annotated[int, fields.whole_number(1, 65535)] = 8000
    replicas: Annotated[int, fields.whole_number(0, 10_000)] = 1
    gpu_count: Annotated[int, fields.whole_number(0, 1_000)] = 1
    accelerator: Annotated[Literal["nvidia", "neuron"], fields.one_of("nvidia", "neuron")] = "nvidia"
    health_check_path: fields.Path = "/health"
    region_image_uris: Annotated[Mapping[str, Any], fields.is_map] = {}
    env: fields.Environment = {}
    resources: Resources = Resources()
    command: fields.Texts = ()
    args: fields.Texts = ()
    model_path: fields.Text | None = None
    model_source: (
        Annotated[
            str,
            fields.matching(
                lambda uri: bool(_S3_URI.fullmatch(uri)),
                "must be an S3 URI such as 's3://bucket/prefix'; other sources are not supported",
            ),
        ]
        | None
    ) = None
    node_selector: fields.Labels = {}
    tolerations: Annotated[tuple[Toleration, ...], fields.is_list] = ()
    capacity_type: Annotated[str, fields.one_of("spot", "on-demand")] | None = None
    gpu_type: fields.Text | None = None
    autoscaling: Autoscaling | None = None
    canary: Canary | None = None
    rollout: Rollout = Rollout()

    @property
    def autoscaled(self) -> bool:
        """Whether an autoscaler owns the replica count."""
        return self.autoscaling is not None and self.autoscaling.enabled


def _ingress_path_is_usable(path: str) -> bool:
    platform = any(path == taken or path.startswith(f"{taken}/") for taken in _PLATFORM_PATHS)
    segments = path.split("/")
    return (
        bool(_INGRESS_PATH.fullmatch(path))
        and len(path) <= _LONGEST_PATH
        and not platform
        and "." not in segments
        and ".." not in segments
    )


class Endpoint(_Part):
    """Everything that is needed to run an endpoint.

    ``region_image_uris`` is still unresolved: which image a region pulls is decided by ``manifests.images``.
    """

    name: EndpointName
    ingress_path: Annotated[
        str,
        fields.matching(
            _ingress_path_is_usable,
            "must be a path such as '/inference/llama', of letters, digits and '/-_.~', at most 128 characters, "
            "not '/' and not one of the platform's own (/api, /healthz)",
        ),
    ]
    labels: fields.Labels = {}
    spec: EndpointSpec = Field(default_factory=dict, validate_default=True)


def _regions(value: Any) -> frozenset[str]:
    is_listing = isinstance(value, list | tuple | set | frozenset) and len(value) > 0
    if is_listing and all(isinstance(region, str) and region for region in value):
        return frozenset(value)
    raise fields.wrong("must be a non-empty list of region names such as ['us-east-1']")


class EndpointRecord(_Part):
    """The part of a record that says where an endpoint belongs and whether it should run.

    Attributes:
        target_regions: Empty only where ``desired_state`` is ``deleted``.
        region_status: Every region's status, as the controllers wrote it.
    """

    endpoint_name: EndpointName
    desired_state: Annotated[DesiredState, fields.one_of(*DesiredState)] = DesiredState.DEPLOYING
    target_regions: Annotated[frozenset[str], BeforeValidator(_regions)]
    region_status: Mapping[str, Any] = {}


def is_valid_name(name: str) -> bool:
    """Whether Kubernetes objects, ``<name>-canary`` included, can carry this name."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def read_record(item: Item) -> EndpointRecord:
    """Read the first part of a record.

    Raises:
        InvalidRecord: The state, the regions or the name cannot be used.
    """
    known = fields.without_nulls(item)
    if not isinstance(known.get("region_status"), Mapping):
        known.pop("region_status", None)
    if known.get("desired_state") == DesiredState.DELETED and not _is_valid_regions(known.get("target_regions")):
        known["target_regions"] = frozenset()
        return EndpointRecord.model_construct(**_first_part(known))
    try:
        return EndpointRecord.model_validate(known)
    except ValidationError as error:
        raise InvalidRecord(_problems(error)) from None


def _first_part(known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "endpoint_name": known["endpoint_name"],
        "desired_state": DesiredState.DELETED,
        "target_regions": frozenset(),
        "region_status": known.get("region_status", {}),
    }


def _is_valid_regions(value: object) -> bool:
    try:
        _regions(value)
    except ValueError:
        return False
    return True


def read_endpoint(item: Item, scope: Scope) -> Endpoint:
    """Read everything that running an endpoint needs.

    Raises:
        InvalidRecord: With every problem of the record.
    """
    known = fields.without_nulls(item)
    name = known["endpoint_name"]
    problems = [*_name_problems(name), *_namespace_problems(known, scope)]
    given = {key: known[key] for key in ("labels", "spec") if key in known}
    given |= {"name": name, "ingress_path": known.get("ingress_path", f"/inference/{name}")}
    try:
        endpoint = Endpoint.model_validate(given)
    except ValidationError as error:
        problems += _problems(error) if not problems else [p for p in _problems(error) if p.field != "ingress_path"]
        raise InvalidRecord(problems) from None
    if problems:
        raise InvalidRecord(problems)
    return endpoint


def _name_problems(name: str) -> list[Problem]:
    if is_valid_name(name):
        return []
    expected = (
        f"must be a DNS label (lower-case letters, digits and '-') of at most {_LONGEST_NAME} characters, "
        "so that '<name>-canary' fits into 63"
    )
    return [Problem("endpoint_name", name, expected)]


def _namespace_problems(known: Item, scope: Scope) -> list[Problem]:
    namespace = known.get("namespace", scope.namespace)
    if namespace == scope.namespace:
        return []
    return [Problem("namespace", namespace, f"must be '{scope.namespace}', the namespace of this controller")]


_EXPECTED = {
    "missing": "is required",
    "model_type": "must be a map",
    "model_attributes_type": "must be a map",
    "extra_forbidden": "is not a field of a Kubernetes toleration",
}


def _problems(error: ValidationError) -> list[Problem]:
    return [_problem(details) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails) -> Problem:
    value = None if details["type"] == "missing" else details["input"]
    if "shown" in details.get("ctx", {}):
        value = Shown(details["ctx"]["shown"])
    return Problem(_path(details["loc"]), value, _EXPECTED.get(details["type"], details["msg"]))


def _path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.removeprefix(".")


def spec_hash(item: Item) -> str:
    """Name the desired fields of a record by 16 hexadecimal digits, the same in every region.

    Two records have the same hash if, and only if, they ask for the same objects: ``spec``, ``ingress_path``,
    ``labels`` and ``namespace`` count, with fields that we do not know; states, times and statuses do not.
    """
    wanted = {key: item.get(key) for key in ("spec", "ingress_path", "labels", "namespace")}
    text = json.dumps(fields.without_nulls(wanted), sort_keys=True, separators=(",", ":"), default=_jsonable)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _jsonable(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return fields.plain(value)
