"""Reads records at the door: what is understood here is trusted everywhere else.

A record is read in two steps, because an endpoint that must stop or go needs only its first part to be right:
a broken ``spec`` never keeps GPUs running.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from gco_stream.core import fields
from gco_stream.core.models import EndpointName, Item, Scope
from gco_stream.core.spec import EndpointSpec, Part
from gco_stream.errors import InvalidRecord, Problem, Shown, shown

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_INGRESS_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+/?")
_PLATFORM_PATHS = ("/api", "/healthz")
# Everybody's default lies below it, and a load balancer sends what begins with a path to whoever claims it.
_COMMON_PATH = "/inference"
_LONGEST_NAME = 63 - len("-canary")
# The load balancer takes 128 characters, and for a prefix its controller adds "/*".
_LONGEST_PATH = 126


class DesiredState(StrEnum):
    """What a record wants of its endpoint."""

    DEPLOYING = "deploying"
    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"


def _ingress_path_is_usable(path: str) -> bool:
    platform = any(path == taken or path.startswith(f"{taken}/") for taken in _PLATFORM_PATHS)
    segments = path.split("/")
    return (
        bool(_INGRESS_PATH.fullmatch(path))
        and len(path) <= _LONGEST_PATH
        and not platform
        and path.rstrip("/") != _COMMON_PATH
        and "." not in segments
        and ".." not in segments
    )


class Endpoint(Part):
    """Everything that is needed to run an endpoint.

    ``region_image_uris`` is still unresolved: which image a region pulls is decided by ``manifests.images``.
    """

    name: EndpointName
    ingress_path: Annotated[
        str,
        fields.matching(
            _ingress_path_is_usable,
            "must be a path such as '/inference/llama', of letters, digits and '/-_.~', at most 126 characters, "
            "not '/', not '/inference' alone, and not one of the platform's own (/api, /healthz)",
            pattern=f"^{_INGRESS_PATH.pattern}$",
            longest=_LONGEST_PATH,
        ),
    ]
    labels: fields.Labels = Field(default_factory=dict)
    spec: EndpointSpec = Field(default_factory=dict, validate_default=True)


def _regions(value: Any) -> frozenset[str]:
    is_listing = isinstance(value, list | tuple | set | frozenset) and len(value) > 0
    if is_listing and all(isinstance(region, str) and region for region in value):
        return frozenset(value)
    raise fields.wrong("must be a non-empty list of region names such as ['us-east-1']", shown=shown(value))


_RegionList = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
_TargetRegions = Annotated[frozenset[str], BeforeValidator(_regions, json_schema_input_type=_RegionList)]
_NAME_SCHEMA: dict[str, Any] = {"pattern": f"^{_NAME.pattern}$", "maxLength": _LONGEST_NAME}


class EndpointRecord(Part):
    """The part of a record that says where an endpoint belongs and whether it should run.

    Attributes:
        target_regions: Empty only where ``desired_state`` is ``deleted``.
        region_status: Every region's status, as the controllers wrote it.
    """

    endpoint_name: Annotated[EndpointName, Field(json_schema_extra=_NAME_SCHEMA)]
    desired_state: Annotated[DesiredState, fields.one_of(*DesiredState)] = DesiredState.DEPLOYING
    target_regions: _TargetRegions = frozenset()
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
    if known.get("desired_state") == DesiredState.DELETED and regions_of(item) is None:
        known.pop("target_regions", None)
    else:
        known.setdefault("target_regions", None)
    try:
        return EndpointRecord.model_validate(known)
    except ValidationError as error:
        raise InvalidRecord(_problems(error)) from None


def statuses_in(item: Item) -> Mapping[str, Any]:
    """Return every region's status as it stands in a record, empty if there is none or it is no map."""
    statuses = item.get("region_status")
    return statuses if isinstance(statuses, Mapping) else {}


def status_in(item: Item, region: str) -> Mapping[str, Any]:
    """Return one region's status as it stands in a record, empty if there is none or it is no map."""
    status = statuses_in(item).get(region)
    return status if isinstance(status, Mapping) else {}


def regions_of(item: Item) -> frozenset[str] | None:
    """Read the target regions alone; None if they cannot be read."""
    try:
        return _regions(item.get("target_regions"))
    except ValueError:
        return None


def ingress_path_of(item: Item) -> str | None:
    """Read the path alone, or its default; None if it cannot be used."""
    path = item.get("ingress_path")
    path = f"/inference/{item['endpoint_name']}" if path is None else path
    return path if isinstance(path, str) and _ingress_path_is_usable(path) else None


def read_endpoint(item: Item, scope: Scope) -> Endpoint:
    """Read everything that running an endpoint needs.

    Raises:
        InvalidRecord: With every problem of the record.
    """
    known = fields.without_nulls(item)
    name = known["endpoint_name"]
    problems = [*_name_problems(name), *_namespace_problems(known, scope)]
    is_path_made_of_wrong_name = not is_valid_name(name) and "ingress_path" not in known
    given = {key: known[key] for key in ("labels", "spec") if key in known}
    given |= {"name": name, "ingress_path": known.get("ingress_path", f"/inference/{name}")}
    try:
        endpoint = Endpoint.model_validate(given)
    except ValidationError as error:
        more = _problems(error)
        problems += [p for p in more if p.field != "ingress_path"] if is_path_made_of_wrong_name else more
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


_PARTS = ("model_type", "model_attributes_type")
_EXPECTED = {
    "missing": "is required",
    "model_type": "must be a map",
    "model_attributes_type": "must be a map",
    "extra_forbidden": "is not a field of a Kubernetes toleration",
}


def _problems(error: ValidationError) -> list[Problem]:
    return [_problem(details) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails) -> Problem:
    return Problem(_path(details["loc"]), _shown_value(details), _EXPECTED.get(details["type"], details["msg"]))


def _shown_value(details: ErrorDetails) -> object:
    """Choose what a message shows; whole parts of a record are only named, since tokens may be in them."""
    value = details["input"]
    if details["type"] == "missing":
        return None
    if "shown" in details.get("ctx", {}):
        return Shown(details["ctx"]["shown"])
    if details["type"] in _PARTS or isinstance(value, Mapping | list | tuple):
        return Shown(fields.kind_of(value))
    return value


def _path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.removeprefix(".")


DESIRED_FIELDS = ("spec", "ingress_path", "labels", "namespace")
"""The fields that say how an endpoint should be; the others say where, whether, and how it is."""


def spec_hash(item: Item) -> str:
    """Name the desired fields of a record by 16 hexadecimal digits, the same in every region.

    Two records have the same hash if, and only if, they ask for the same objects: ``spec``, ``ingress_path``,
    ``labels`` and ``namespace`` count, with fields that we do not know; states, times and statuses do not.
    """
    wanted = {key: item.get(key) for key in DESIRED_FIELDS}
    text = json.dumps(fields.without_nulls(wanted), sort_keys=True, separators=(",", ":"), default=_jsonable)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _jsonable(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return fields.plain(value)
