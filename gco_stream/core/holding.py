"""Asking the controller, on an endpoint's Deployment, to leave the endpoint as it is."""

from typing import Any

from gco_stream.core.manifests.ownership import HOLD, held_by, is_ours
from gco_stream.core.models import EndpointName, Manifest
from gco_stream.errors import InvalidRecord, Problem, Shown

HOLD_MANAGER = "gco-stream-hold"
"""The field manager of the annotation, so that no apply of the controller takes it away."""


def holding(live: Manifest | None, name: EndpointName, reason: str) -> Manifest:
    """Make what is applied to hold an endpoint; the uid is for the Deployment that was read, and no other.

    Raises:
        InvalidRecord: There is nothing of it to hold.
    """
    metadata = _own(live, name)["metadata"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "uid": metadata["uid"], "annotations": {HOLD: reason}},
    }


def releasing(live: Manifest | None, name: EndpointName) -> list[dict[str, Any]] | None:
    """Make the JSON patch that ends a hold, whoever asked for it; None if there is none.

    Raises:
        InvalidRecord: There is nothing of it that could be held.
    """
    reason = held_by(_own(live, name))
    if reason is None:
        return None
    path = f"/metadata/annotations/{HOLD.replace('/', '~1')}"
    return [{"op": "test", "path": path, "value": reason}, {"op": "remove", "path": path}]


def _own(live: Manifest | None, name: EndpointName) -> Manifest:
    if live is None or not is_ours(live, name):
        what = Shown("not there" if live is None else "somebody else's")
        raise InvalidRecord([Problem(f"Deployment {name}", what, "must be one that the controller has made")])
    return live
