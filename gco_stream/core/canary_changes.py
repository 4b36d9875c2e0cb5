"""Canary, promotion and rollback, exactly as every known writer makes them: the whole spec, and ``deploying``."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from gco_stream.core.models import Item
from gco_stream.core.record import status_in, statuses_in
from gco_stream.core.writing import Change, respecified
from gco_stream.errors import InvalidRecord, Problem


def canary_in(item: Item) -> Mapping[str, Any] | None:
    """Return what the record says of a canary; None if it has none."""
    canary = _spec(item).get("canary")
    return canary if isinstance(canary, Mapping) else None


def with_canary(item: Item, image: str | None, *, weight: int | None, replicas: int | None, now: datetime) -> Change:
    """Begin a canary, or change the one that there is; what is None stays as it is.

    Raises:
        InvalidRecord: There is none yet, and no image for one.
    """
    said = {"image": image, "weight": weight, "replicas": replicas}
    there = canary_in(item) or {}
    canary = {**there, **{key: value for key, value in said.items() if value is not None}}
    if not canary.get("image"):
        raise InvalidRecord([Problem("spec.canary", None, "there is no canary yet: say its image")])
    # As the known writers have it, even where it is the default.
    return respecified(item, {**_spec(item), "canary": {"weight": 10, "replicas": 1, **canary}}, now=now)


def promoted(item: Item, *, now: datetime) -> Change | None:
    """Let the endpoint become what its canary is, and end the canary; None if there is none."""
    canary = canary_in(item)
    if canary is None:
        return None
    return respecified(item, {**_without_canary(item), "image": canary.get("image")}, now=now)


def rolled_back(item: Item, *, now: datetime) -> Change | None:
    """End the canary; None if there is none."""
    return None if canary_in(item) is None else respecified(item, _without_canary(item), now=now)


def unready_canaries(item: Item) -> Iterator[str]:
    """Name the regions that report a canary without a ready replica, or none at all."""
    for region in sorted(statuses_in(item)):
        told = status_in(item, region).get("canary")
        if not isinstance(told, Mapping) or not told.get("replicas_ready"):
            yield region


def _without_canary(item: Item) -> dict[str, Any]:
    return {key: value for key, value in _spec(item).items() if key != "canary"}


def _spec(item: Item) -> Mapping[str, Any]:
    spec = item.get("spec")
    return spec if isinstance(spec, Mapping) else {}
