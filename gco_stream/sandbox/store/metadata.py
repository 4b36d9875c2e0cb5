"""What the API server itself writes into an object's metadata."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gco_stream.sandbox.store.errors import conflict, invalid, invalid_value
from gco_stream.sandbox.store.requests import Place

Object = dict[str, Any]

_OF_THE_SERVER = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


def written_time(now: datetime) -> str:
    """Write a time as metadata have it: by the second."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_versions(place: Place, body: Mapping[str, Any], live: Object) -> None:
    """See that an update was made from the version that is there.

    Raises:
        ApiError: It was made from another object, another version, or from none where one is needed.
    """
    metadata = body["metadata"]
    version, uid = metadata.get("resourceVersion"), metadata.get("uid")
    if uid and uid != live["metadata"]["uid"]:
        raise conflict(place.resource, place.name, _other_uid(place, uid, live["metadata"]["uid"]))
    if not version and place.resource.needs_version:
        cause = invalid_value("metadata.resourceVersion", "0", "must be specified for an update")
        # This one message names the kind as paths do.
        kind = place.resource.plural
        raise invalid(replace(place.resource, kind=kind), place.name, [cause])
    if version and version != live["metadata"]["resourceVersion"]:
        raise conflict(place.resource, place.name)


def check_absent(place: Place, body: Any) -> None:
    """See that an update that would make an object does not mean one that was there.

    Raises:
        ApiError: 409, it does.
    """
    metadata = (body.get("metadata") or {}) if isinstance(body, Mapping) else {}
    if metadata.get("uid"):
        raise conflict(place.resource, place.name, _other_uid(place, metadata["uid"], ""))


def _other_uid(place: Place, meant: str, found: str) -> str:
    folder = "services/specs" if place.resource.kind == "Service" else place.resource.plural
    key = f"/registry/{folder}/{place.namespace}/{place.name}"
    told = f"Precondition failed: UID in precondition: {meant}, UID in object meta: {found}"
    return f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: {told}"


def set_identity(place: Place, after: Object, live: Object | None, *, uid: str, now: str) -> None:
    """Write what nobody but the server may say, in place."""
    metadata = after["metadata"]
    for field in (*_OF_THE_SERVER, "selfLink", "resourceVersion"):
        metadata.pop(field, None)
    metadata["name"] = place.name
    if place.namespace:
        metadata["namespace"] = place.namespace
    if live is None:
        metadata |= {"uid": uid, "creationTimestamp": now}
        metadata |= {"generation": 1} if place.resource.has_generation else {}
        return
    kept = (*_OF_THE_SERVER, "resourceVersion")
    metadata |= {field: live["metadata"][field] for field in kept if field in live["metadata"]}


def count_generation(place: Place, after: Object, live: Object | None) -> None:
    """Count a change of what is wanted, in place; annotations of a Deployment count, too."""
    if live is None or not place.resource.has_generation:
        return
    is_changed = live.get("spec") != after.get("spec")
    if place.resource.kind == "Deployment":
        is_changed |= live["metadata"].get("annotations") != after["metadata"].get("annotations")
    if is_changed:
        after["metadata"]["generation"] = live["metadata"].get("generation", 0) + 1


def is_same(live: Object, after: Object) -> bool:
    """Whether nothing would change, in whatever order the owners of fields are listed."""
    return _without_owners(live) == _without_owners(after) and _owners(live) == _owners(after)


def _without_owners(live: Object) -> Object:
    return {**live, "metadata": {k: v for k, v in live["metadata"].items() if k != "managedFields"}}


def _owners(live: Object) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in live["metadata"].get("managedFields") or ())
