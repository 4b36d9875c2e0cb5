"""Writes a published schema the way that ``gco_stream/sandbox/store/schema.json`` has it.

To renew that for another version of Kubernetes: ``python -m tests.contracts.schemas SWAGGER.JSON``, with what a server
of that version answers under ``/openapi/v2``.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gco_stream.sandbox.store import schema
from gco_stream.sandbox.store.kinds import RESOURCES

_GROUPS = {
    "Deployment": "apps.v1",
    "ReplicaSet": "apps.v1",
    "Ingress": "networking.v1",
    "IngressClass": "networking.v1",
    "HorizontalPodAutoscaler": "autoscaling.v2",
    "Scale": "autoscaling.v1",
    "Lease": "coordination.v1",
    "Event": "events.v1",
}
_SCALARS = {"Quantity": "quantity", "IntOrString": "int-or-string", "MicroTime": "micro-time", "Time": "time"}


def compact(definitions: Mapping[str, Any], kinds: Iterable[str]) -> dict[str, Any]:
    """Write the definitions of some kinds, and of all that they consist of."""
    found: dict[str, Any] = {}
    for kind in kinds:
        _add(f"io.k8s.api.{_GROUPS.get(kind, 'core.v1')}.{kind}", definitions, found)
    return found


def _add(name: str, definitions: Mapping[str, Any], found: dict[str, Any]) -> None:
    short, said = _short(name), definitions[name]
    if short in found:
        return
    entry: dict[str, Any] = {"fields": {}}
    found[short] = entry
    if said.get("x-kubernetes-map-type") == "atomic":
        entry["atomic"] = True
    if said.get("required"):
        entry["required"] = said["required"]
    for field, of in said["properties"].items():
        entry["fields"][field] = _type(of, definitions, found)


def _type(said: Mapping[str, Any], definitions: Mapping[str, Any], found: dict[str, Any]) -> Any:
    if "$ref" in said:
        return _reference(said, definitions, found)
    if said.get("type") == "array":
        return _listing(said, _type(said["items"], definitions, found))
    if said.get("type") == "object":
        of = said.get("additionalProperties")
        below = "any" if of is None else _type(of, definitions, found)
        return {"map": below, "atomic": True} if said.get("x-kubernetes-map-type") == "atomic" else {"map": below}
    return said.get("type", "any")


def _reference(said: Mapping[str, Any], definitions: Mapping[str, Any], found: dict[str, Any]) -> Any:
    name = said["$ref"].rsplit("/", 1)[1]
    of = definitions[name]
    if "properties" not in of:
        return _SCALARS.get(_short(name)) or ("any" if of.get("type") == "object" else of["type"])
    _add(name, definitions, found)
    reference = f"#{_short(name)}"
    return {"atomic": reference} if said.get("x-kubernetes-map-type") == "atomic" else reference


def _listing(said: Mapping[str, Any], below: Any) -> dict[str, Any]:
    match said.get("x-kubernetes-list-type", "atomic"):
        case "map":
            return {"list": below, "keys": said["x-kubernetes-list-map-keys"]}
        case "set":
            return {"set": below}
    return {"list": below}


def _short(name: str) -> str:
    return name.rsplit(".", 1)[1]


def main(published: Path) -> None:
    found = compact(json.loads(published.read_text())["definitions"], [*RESOURCES, "Scale"])
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(found.items()))
    (Path(schema.__file__).parent / "schema.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
