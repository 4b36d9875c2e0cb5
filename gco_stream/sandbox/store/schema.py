"""The shape of the kinds that the sandbox knows, as the API server publishes it under ``/openapi/v2``.

``schema.json`` has every field with its type and how it merges, and nothing else of it; a contract test compares it
with what a real API server publishes. Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: ``string``, ``integer``, ``number``, ``boolean``, ``quantity``, ``time``, ``micro-time``, …"""

    name: str


@dataclass(frozen=True, slots=True)
class Struct:
    """A map with fields of known names; an atomic one has one owner and is replaced whole."""

    name: str
    required: frozenset[str]
    is_atomic: bool

    def field(self, name: str) -> "Type | None":
        """Return a field's type; None if there is no such field."""
        return _field(self.name, name)


@dataclass(frozen=True, slots=True)
class Map:
    """A map with keys of people's own."""

    of: "Type"
    is_atomic: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: with ``keys`` its entries are told apart by these fields, as a set by their value, else it is atomic."""

    of: "Type"
    keys: tuple[str, ...] = ()
    is_set: bool = False


Type = Scalar | Struct | Map | Listing

# The only fields of a key that may be left out.
_KEY_DEFAULTS = {"protocol": "TCP"}


@cache
def schema_of() -> Mapping[str, Any]:
    """Return every definition, as ``schema.json`` has it."""
    text = (files("gco_stream.sandbox.store") / "schema.json").read_text()
    found: Mapping[str, Any] = json.loads(text)
    return found


@cache
def struct(name: str, *, is_atomic: bool = False) -> Struct:
    """Return a definition, such as that of a kind."""
    found = schema_of()[name]
    required = frozenset(found.get("required", ()))
    return Struct(name, required, is_atomic or found.get("atomic", False))


@cache
def _field(name: str, field: str) -> Type | None:
    said = schema_of()[name]["fields"].get(field)
    return None if said is None else _type(said)


def _type(wanted: Any) -> Type:
    if isinstance(wanted, str):
        return struct(wanted[1:]) if wanted.startswith("#") else Scalar(wanted)
    if isinstance(wanted.get("atomic"), str):
        return struct(wanted["atomic"][1:], is_atomic=True)
    if "map" in wanted:
        return Map(_type(wanted["map"]), bool(wanted.get("atomic")))
    is_set = "set" in wanted
    return Listing(_type(wanted["set" if is_set else "list"]), tuple(wanted.get("keys", ())), is_set)


def key_of(entry: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any]:
    """Return what tells an entry of a list from the others."""
    return {key: entry.get(key, _KEY_DEFAULTS.get(key)) for key in keys}
