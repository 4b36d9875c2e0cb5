"""Who else than the controller has written to an endpoint's objects, what, and when.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from collections.abc import Iterator, Set

from gco_stream.core.additions import additions
from gco_stream.core.drift import Drift, drift
from gco_stream.core.findings import Findings
from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import Apply, Manifest, ObjectKey
from gco_stream.core.spans import span
from gco_stream.core.times import time_of


def authors_told(found: Findings) -> tuple[str, ...]:
    """Tell what others own of what we set, what they have added beside it, and who set a replica count."""
    taken = tuple(drifts_in(found))
    told = {(one.key, one.manager, path) for one in taken for path in one.paths}
    lines = [
        f"{_what(one)}{_ago(found.observed.objects[one.key], one.manager, found)}, to be put right" for one in taken
    ]
    return (*lines, *_added(found, told), *_scaled(found))


def drifts_in(found: Findings) -> Iterator[Drift]:
    """Find what others own of what a pass would set now; what is only about to be taken over is no drift."""
    for action in (*found.plan.actions, *found.plan.held_back):
        live = found.observed.get(action.key)
        if (
            live is not None
            and is_ours(live, found.name)
            and isinstance(action, Apply)
            and not action.gives_up_replicas
        ):
            yield from drift(action, live, is_repeated=False)


def _what(one: Drift) -> str:
    return f"{one.key}: {one.shown}, last written by {one.manager}"


def _added(found: Findings, told: Set[tuple[ObjectKey, str, str]]) -> Iterator[str]:
    for key, live in found.observed.objects.items():
        for one in additions(live) if is_ours(live, found.name) else ():
            if (key, one.manager, one.path) not in told:
                yield f"{key}: {one.path}, added by {one.manager}{_ago(live, one.manager, found)}, stays beside ours"


def _scaled(found: Findings) -> Iterator[str]:
    """Tell who set a count through the subresource of its own, as ``kubectl scale`` and autoscalers do."""
    for key, live in found.observed.objects.items():
        for entry in live["metadata"].get("managedFields") or ():
            if entry.get("subresource") == "scale":
                yield f"{key}: spec.replicas, last set by {entry.get('manager')}{_ago(live, entry['manager'], found)}"


def _ago(live: Manifest, manager: str, found: Findings) -> str:
    entries = (e for e in live["metadata"].get("managedFields") or () if e.get("manager") == manager)
    times = [at for entry in entries if entry.get("subresource") != "status" and (at := time_of(entry.get("time")))]
    return f" {span(found.now - max(times))} ago" if times else ""
