"""Label selectors and field selectors, as they are in queries.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from gco_stream.sandbox.store.errors import bad_request

Selector = Callable[[Mapping[str, Any]], bool]

_KEY = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==|!=|=)\s*([-A-Za-z0-9_.]*)")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")
_FIELDS = {
    "metadata.name": ("metadata", "name"),
    "metadata.namespace": ("metadata", "namespace"),
    "status.phase": ("status", "phase"),
    "spec.nodeName": ("spec", "nodeName"),
    "regarding.name": ("regarding", "name"),
    "regarding.kind": ("regarding", "kind"),
    "regarding.uid": ("regarding", "uid"),
    "reportingController": ("reportingController",),
    "reason": ("reason",),
    "type": ("type",),
}


def selector(labels: str, fields: str) -> Selector:
    """Read a pair of selectors; an empty one takes everything.

    Raises:
        ApiError: 400, one of them cannot be read.
    """
    tests = [_label_test(part) for part in _parts(labels)] + [_field_test(part) for part in _parts(fields)]
    return lambda live: all(test(live) for test in tests)


def matches_labels(wanted: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether labels fit the ``matchLabels`` of an object's own selector."""
    required = (wanted or {}).get("matchLabels") or {}
    return all(labels.get(name) == value for name, value in required.items())


def _parts(text: str) -> list[str]:
    """Cut at the commas that are not inside of parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def _label_test(part: str) -> Selector:
    if found := _SET.fullmatch(part):
        key, is_in, values = found[1], found[3] == "in", {value.strip() for value in found[4].split(",")}
        return lambda live: (_labels(live).get(key) in values) == is_in
    if found := _EQUAL.fullmatch(part):
        key, is_equal, value = found[1], found[3] != "!=", found[4]
        return lambda live: (_labels(live).get(key) == value) == is_equal
    if found := _EXISTS.fullmatch(part):
        key, is_there = found[2], not found[1]
        return lambda live: (key in _labels(live)) == is_there
    if part.count("(") > part.count(")"):
        raise bad_request("unable to parse requirement: found '', expected: ',', ')' or identifier")
    raise bad_request(f"unable to parse requirement: {part!r}")


def _labels(live: Mapping[str, Any]) -> Mapping[str, str]:
    return live["metadata"].get("labels") or {}


def _field_test(part: str) -> Selector:
    name, operator, value = re.split(r"(!=|==|=)", part, maxsplit=1) if "=" in part else (part, "", "")
    path = _FIELDS.get(name.strip())
    if path is None or not operator:
        only = 'only "metadata.name", "metadata.namespace"'
        raise bad_request(f'"{name.strip()}" is not a known field selector: {only}')
    return lambda live: (_at(live, path) == value.strip()) == (operator != "!=")


def _at(live: Mapping[str, Any], path: tuple[str, ...]) -> str:
    value: Any = live
    for step in path:
        value = (value or {}).get(step)
    return str(value or "")
