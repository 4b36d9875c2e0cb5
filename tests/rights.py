"""What the controller's own account has asked of the API server, and what of it was denied, by the audit log."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from gco_stream.shell.table_inquiry import INQUIRY
from tests.world.account import is_controller

Right = tuple[str, str, str]
"""Verb, API group, and resource, or the path of what is none."""


def needed(lines: Iterable[str]) -> frozenset[Right]:
    """Return every right that the account has needed; an apply that made its object (201) needed ``create`` as well."""
    found = set()
    for entry in _asked(lines):
        if entry.get("userAgent", "").startswith(INQUIRY):
            continue  # It only asks what it may do, and everybody may.
        found.add(_right(entry))
        if entry["verb"] == "patch" and entry["responseStatus"]["code"] == 201:
            found.add(("create", *_right(entry)[1:]))
    return frozenset(found)


def denied(lines: Iterable[str]) -> list[str]:
    """Return what the account has asked for in vain, one line each.

    An API server that has just started refuses everything until it has read the roles; what it grants later is granted.
    """
    asked = list(_asked(lines))
    later = {_right(entry) for entry in asked if _is_allowed(entry)}
    return [
        f"{verb} {entry['requestURI']}: {verb} {group or 'core'}/{resource} is not in k8s/base/role.yaml"
        for entry in asked
        if not _is_allowed(entry) and _right(entry) not in later
        for verb, group, resource in [_right(entry)]
    ]


def _is_allowed(entry: dict[str, Any]) -> bool:
    return (entry.get("annotations") or {}).get("authorization.k8s.io/decision") == "allow"


def granted(role: dict[str, Any]) -> frozenset[Right]:
    """Return every right that a Role grants."""
    return frozenset(
        (verb, group, resource)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    )


def _asked(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        if is_controller(entry["user"].get("username", "")) and entry["stage"] == "ResponseComplete":
            yield entry


def _right(entry: dict[str, Any]) -> Right:
    thing = entry.get("objectRef") or {"resource": entry["requestURI"]}
    name = "/".join(filter(None, (thing["resource"], thing.get("subresource"))))
    return entry["verb"], thing.get("apiGroup", ""), name
