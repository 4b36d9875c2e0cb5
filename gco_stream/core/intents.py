"""From one intent to the action that it takes, if any."""

from collections.abc import Iterable, Mapping, Sequence

from gco_stream.core.adoption import adopting_fold, as_folded
from gco_stream.core.compare import Difference, differences
from gco_stream.core.folding import fold
from gco_stream.core.manifests.ownership import TEMPLATE_FIELDS
from gco_stream.core.models import Apply, Delete, Kind, Manifest, ObjectKey, Observed, is_leaving

_LONGEST_REASON = 5
# It says no more than the fields that it is about.
_UNTOLD = f"metadata.labels.{TEMPLATE_FIELDS}"


def to_apply(key: ObjectKey, manifest: Manifest, observed: Observed) -> Apply | None:
    """Make an object as its manifest says; None if it is so, or is leaving and must be gone first."""
    live = observed.get(key)
    if live is None:
        return Apply(key=key, manifest=manifest, uid=None, why="missing")
    if is_leaving(live):
        return None
    is_scaled_by_others = key.kind is Kind.DEPLOYMENT and "replicas" not in manifest["spec"]
    taken = adopting_fold(live, keeps_replicas=is_scaled_by_others)
    seen = as_folded(live, taken)
    found = differences(manifest, seen)
    if taken is None and not found:
        return None
    why = _why(found, is_taken_over=taken is not None)
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why=why, fold=fold(manifest, seen) or taken)


def _why(found: Sequence[Difference], *, is_taken_over: bool) -> str:
    different = ["taken over"] if is_taken_over else []
    different += [str(one) for one in found if one.path != _UNTOLD or len(found) == 1]
    more = [f"{len(different) - _LONGEST_REASON} more"] if len(different) > _LONGEST_REASON else []
    return ", ".join([*different[:_LONGEST_REASON], *more])


def to_delete(keys: Iterable[ObjectKey], objects: Mapping[ObjectKey, Manifest], *, why: str) -> tuple[Delete, ...]:
    """Take objects away, in the order of their keys: those that are there and not leaving already."""
    there = ((key, objects[key]) for key in keys if key in objects and not is_leaving(objects[key]))
    return tuple(Delete(key=key, uid=live["metadata"]["uid"], why=why) for key, live in there)
