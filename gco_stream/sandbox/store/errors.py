"""What the API server answers instead of an object: a ``Status``, worded as Kubernetes does.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gco_stream.errors import GcoStreamError
from gco_stream.sandbox.store.kinds import Resource


class ApiError(GcoStreamError):
    """A request that is not done.

    Attributes:
        code: The HTTP status.
        status: The ``Status`` that is the answer.
    """

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            **({"reason": reason} if reason else {}),
            **({"details": dict(details)} if details is not None else {}),
            "code": code,
        }

    @property
    def reason(self) -> str:
        """The reason in one word; empty where the API server gives none."""
        return str(self.status.get("reason", ""))


def _details(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    group = {"group": resource.group} if resource.group else {}
    return {**({"name": name} if name else {}), **group, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str) -> ApiError:
    """There is one already."""
    message = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: Resource, name: str, why: str | None = None) -> ApiError:
    """The object is not the one that was meant, or not as it was."""
    told = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {told}'
    return ApiError(409, "Conflict", message, _details(resource, name))


class Cause(dict[str, str]):
    """One field that is wrong."""

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(reason=reason, message=message, field=field)


def required(field: str, more: str = "") -> Cause:
    """Say that a field is missing."""
    return Cause("FieldValueRequired", field, "Required value" + (f": {more}" if more else ""))


def invalid_value(field: str, value: str, why: str) -> Cause:
    """Say what is wrong with a value; ``value`` as Go writes it."""
    return Cause("FieldValueInvalid", field, f"Invalid value: {value}: {why}")


def forbidden_value(field: str, why: str) -> Cause:
    """Say that a field may not be there."""
    return Cause("FieldValueForbidden", field, f"Forbidden: {why}")


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    """The object is not valid."""
    told = list(dict.fromkeys(f"{cause['field']}: {cause['message']}" for cause in causes))
    text = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
    if resource.kind == "Event":
        resource = replace(resource, group="")
    details = {**_details(resource, name), "kind": resource.kind, "causes": [dict(cause) for cause in causes]}
    kind = resource.qualified_kind
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


class Unreadable(ApiError):
    """What was sent is no object of its kind."""

    def __init__(self, resource: Resource, why: str) -> None:
        kind = resource.kind
        message = f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}'
        super().__init__(400, "BadRequest", message)
        self.why = why


def unreadable_patch(after: Any, why: str) -> ApiError:
    """What a merge patch makes of an object is none of its kind any more."""
    cause = invalid_value("patch", json.dumps(json.dumps(after, separators=(",", ":"))), why)
    message = f' "" is invalid: patch: {cause["message"]}'
    return ApiError(422, "Invalid", message, {"causes": [dict(cause)]})


def invalid_patch() -> ApiError:
    """A JSON patch cannot be done."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def apply_conflict(conflicts: Sequence[tuple[str, str]]) -> ApiError:
    """Other field managers own what an apply without force would change: each as ``(who, field)``."""
    count = f"{len(conflicts)} conflict" + ("s" if len(conflicts) > 1 else "")
    owners: dict[str, list[str]] = {}
    for who, field in conflicts:
        owners.setdefault(who, []).append(field)
    told = [_told(who, fields) for who, fields in owners.items()]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": field}
        for who, field in conflicts
    ]
    return ApiError(409, "Conflict", f"Apply failed with {count}: " + "\n".join(told), {"causes": causes})


def _told(who: str, fields: Sequence[str]) -> str:
    if len(fields) == 1:
        return f"conflict with {who}: {fields[0]}"
    return f"conflicts with {who}:\n" + "\n".join(f"- {field}" for field in fields)


def bad_request(message: str) -> ApiError:
    """The request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def internal(message: str) -> ApiError:
    """What the API server takes for a fault of its own, such as an intent that does not fit the schema."""
    return ApiError(500, "", message)


def expired(message: str) -> ApiError:
    """The place to go on from is too old."""
    return ApiError(410, "Expired", message)


def other_than_meant(resource: Resource, name: str, why: str) -> ApiError:
    """What would be deleted is not what is meant."""
    message = f'Operation cannot be fulfilled on {resource.qualified_kind} "{name}": {why}'
    return ApiError(409, "Conflict", message, {**_details(resource, name), "kind": resource.kind})


def not_done(what: str) -> ApiError:
    """The API server would do it; the sandbox does not."""
    message = f"the sandbox does not do this: {what}; a real API server does"
    return ApiError(501, "NotImplemented", message)
