"""From what was sent to an object that may be stored: its shape, its names, its defaults."""

from collections.abc import Mapping
from typing import Any

from gco_stream.sandbox.store.defaults import fill_in
from gco_stream.sandbox.store.errors import (
    Unreadable,
    bad_request,
    conflict,
    internal,
    invalid,
    invalid_value,
    not_done,
)
from gco_stream.sandbox.store.requests import Place
from gco_stream.sandbox.store.typed import Misfit, misfits, stored
from gco_stream.sandbox.store.validation import problems
from gco_stream.sandbox.store.values import copied

Object = dict[str, Any]


def intent_of(place: Place, body: Any, live: Object | None) -> Object:
    """Check what was sent for an apply, and return what of it is applied.

    Raises:
        ApiError: It is no intent for this place, or does not fit the schema.
    """
    resource = place.resource
    _check_names(place, body)
    metadata = body["metadata"]
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    _check_meant(place, metadata, live)
    wrong = list(misfits(body, resource.schema))
    if wrong:
        told = wrong[0] if len(wrong) == 1 else "errors:\n" + "\n".join(f"  {one}" for one in wrong)
        said = metadata.get("namespace", "")
        raise internal(f"failed to create typed patch object ({_named(place, said)}): {told}")
    return copied(dict(body))


def _check_meant(place: Place, metadata: Mapping[str, Any], live: Object | None) -> None:
    """Hold an intent to the object that it names: an apply may create what is not there, and take over what is."""
    uid, version = metadata.get("uid"), metadata.get("resourceVersion")
    if live is None:
        if uid:
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise conflict(place.resource, place.name, why)
        return
    if version and version != live["metadata"]["resourceVersion"]:
        raise conflict(place.resource, place.name)
    if uid and uid != live["metadata"]["uid"]:
        cause = invalid_value("metadata.uid", f'"{uid}"', "field is immutable")
        # It says so twice.
        raise invalid(place.resource, place.name, [cause, cause])


def _named(place: Place, said: str) -> str:
    """Name what was sent as it names itself."""
    resource = place.resource
    return f"{said}/{place.name}; {resource.api_version}, Kind={resource.kind}"


def _unconverted(place: Place) -> str:
    resource = place.resource
    return f"unable to convert unstructured object to {resource.api_version}, Kind={resource.kind}"


def _check_names(place: Place, body: Any) -> None:
    resource = place.resource
    if not isinstance(body, dict):
        raise bad_request("the body is no object")
    if body.get("apiVersion") != resource.api_version or body.get("kind") != resource.kind:
        sent = f"{body.get('kind')} in version {body.get('apiVersion')!r}"
        raise bad_request(f"{sent} cannot be handled as a {resource.kind} in version {resource.api_version!r}")
    metadata = body.get("metadata") or {}
    if metadata.get("name", place.name) != place.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({place.name})"
        )
    if metadata.get("namespace", place.namespace) != place.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    body.setdefault("metadata", {})


def object_of(place: Place, body: Any) -> Object:
    """Check what was sent as a whole object.

    Raises:
        ApiError: It is none for this place, or does not fit the schema.
    """
    if isinstance(body, dict):
        body = {"apiVersion": place.resource.api_version, "kind": place.resource.kind, **body}
    _check_names(place, body)
    for wrong in misfits(body, place.resource.schema):
        if wrong.endswith("field not declared in schema"):
            raise not_done(f"a {place.resource.kind} with the field {wrong.partition(':')[0]}")
        raise Unreadable(place.resource, wrong)
    return copied(dict(body))


def admitted(place: Place, after: Object, live: Object | None, *, said: str | None) -> Object:
    """Return the object as it would be stored: with defaults, in its one form, and valid.

    Args:
        said: The namespace that an intent named itself; None where no intent was applied.

    Raises:
        ApiError: It is not valid.
    """
    schema = place.resource.schema
    try:
        filled = stored(after, schema)
        fill_in(filled)
        filled = stored(filled, schema)
    except Misfit as error:
        if said is not None:
            named = f"({_named(place, said)}) to proper version: {_unconverted(place)}"
            raise internal(f"failed to convert new object {named}: {error}") from error
        raise Unreadable(place.resource, str(error)) from error
    found: Object = {"apiVersion": place.resource.api_version, "kind": place.resource.kind, **filled}
    wrong = list(problems(place.resource, found, live))
    if wrong:
        raise invalid(place.resource, place.name, wrong)
    return found
