"""From one intent to the action that it takes, if any."""

from collections.abc import Iterable, Mapping, Sequence

from gco_stream.core.adoption import adopting_fold, as_folded
from gco_stream.core.compare import Difference, differences
from gco_stream.core.folding import fold
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.manifests.pod import SYNC_IMAGE_PATH, SYNC_IMAGE_STEPS
from gco_stream.core.merging import applied_by, fields_of
from gco_stream.core.models import Apply, Delete, Kind, Manifest, ObjectKey, Observed, is_leaving

_LONGEST_REASON = 5


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
    if taken is None and (not found or _is_only_an_older_sync_image(found, live)):
        return None
    why = _why(found, is_taken_over=taken is not None)
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why=why, fold=fold(manifest, seen) or taken)


def _why(found: Sequence[Difference], *, is_taken_over: bool) -> str:
    different = ["taken over"] if is_taken_over else []
    different += [str(difference) for difference in found]
    more = [f"{len(different) - _LONGEST_REASON} more"] if len(different) > _LONGEST_REASON else []
    return ", ".join([*different[:_LONGEST_REASON], *more])


def _is_only_an_older_sync_image(found: Sequence[Difference], live: Manifest) -> bool:
    """Whether all that differs is the model-sync image that we gave the pods ourselves, before the setting changed.

    A controller's settings restart nobody's pods: the new image comes with the next change of the template.
    """
    is_all = all(difference.path == SYNC_IMAGE_PATH for difference in found)
    return is_all and applied_by(fields_of(live, FIELD_MANAGER), SYNC_IMAGE_STEPS)


def to_delete(keys: Iterable[ObjectKey], objects: Mapping[ObjectKey, Manifest], *, why: str) -> tuple[Delete, ...]:
    """Take objects away, in the order of their keys: those that are there and not leaving already."""
    there = ((key, objects[key]) for key in keys if key in objects and not is_leaving(objects[key]))
    return tuple(Delete(key=key, uid=live["metadata"]["uid"], why=why) for key, live in there)
