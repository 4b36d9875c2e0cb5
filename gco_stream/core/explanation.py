"""Why an endpoint is as it is, as a colleague would put it: the answer first, then what it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gco_stream.core.authorship import authors_told
from gco_stream.core.compare import differences
from gco_stream.core.deadlines import deadlines_told
from gco_stream.core.findings import Findings
from gco_stream.core.models import Delete
from gco_stream.core.pending import pending_edits
from gco_stream.core.record import spec_hash
from gco_stream.core.sightings import objects_told, pods_told
from gco_stream.core.spans import when
from gco_stream.core.times import time_of
from gco_stream.core.verdict import verdict
from gco_stream.core.wish import Run

_MOST_EVENTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer and its reasons.

    Attributes:
        answer: Two or three sentences.
        reasons: By what they speak of, in the order in which they are read; those that say nothing are left out.
    """

    endpoint: str
    region: str
    answer: str
    reasons: Mapping[str, Sequence[str]]

    def as_map(self) -> dict[str, Any]:
        """Return it for programs."""
        reasons = {title.lower().replace(" ", "_"): list(lines) for title, lines in self.reasons.items()}
        return {"endpoint": self.endpoint, "region": self.region, "answer": self.answer, "reasons": reasons}


def explain(found: Findings) -> Explanation:
    """Explain one endpoint."""
    reasons = {
        "Asked for": tuple(_asked(found)),
        "Reported": tuple(_reported(found)),
        "Objects": objects_told(found),
        "Pods": pods_told(found),
        "Next": deadlines_told(found),
        "Others": authors_told(found),
        "Plan": tuple(_plan(found)),
        "Events": tuple(_events(found)),
        "Controller": tuple(_controller(found)),
    }
    return Explanation(
        endpoint=found.name,
        region=found.scope.region,
        answer=verdict(found),
        reasons={title: lines for title, lines in reasons.items() if lines},
    )


def _asked(found: Findings) -> Iterator[str]:
    item = found.request.item
    if item is None:
        yield "nothing: there is no record"
        return
    written = time_of(item.get("updated_at"))
    said = f", written {when(written, found.now)}" if written is not None else ""
    yield f"{item.get('desired_state') or 'deploying'}{said}"
    wish = found.request.wish
    if isinstance(wish, Run):
        spec = wish.endpoint.spec
        scaling = spec.autoscaling
        count = f"{spec.replicas} of {spec.image}"
        if spec.autoscaled and scaling is not None:
            count = f"{scaling.min_replicas} to {scaling.max_replicas} of {spec.image}, as the autoscaler decides"
        yield count
        if spec.canary is not None:
            yield f"canary: {spec.canary.replicas} of {spec.canary.image}, {spec.canary.weight} % of the traffic"
    regions = item.get("target_regions")
    if isinstance(regions, list | tuple | set | frozenset):
        yield f"in {', '.join(sorted(map(str, regions))) or 'no region'}"


def _reported(found: Findings) -> Iterator[str]:
    """Tell what the record says of each region, ours first."""
    here, item = found.scope.region, found.request.item or {}
    for region in sorted(found.request.region_status, key=lambda region: (region != here, region)):
        status = found.request.status(region)
        counts = f"{status.get('replicas_ready', 0)}/{status.get('replicas_desired', 0)}"
        words = [str(status.get("state")), counts, *filter(None, [status.get("reason")])]
        written = time_of(status.get("last_sync"))
        said = f", written {when(written, found.now)}" if written is not None else ""
        is_old = "observed_spec" in status and status["observed_spec"] != spec_hash(item)
        yield f"{region}: {' '.join(words)}{said}" + (", of an earlier version of the record" if is_old else "")
        if status.get("error"):
            yield f"{region}: {status['error']}"
    if item and here not in found.request.region_status and found.request.targets(here):
        yield f"{here}: nothing yet"


def _plan(found: Findings) -> Iterator[str]:
    actions = found.plan.actions or found.plan.held_back
    for action in actions:
        live = found.observed.get(action.key)
        verb = "delete" if isinstance(action, Delete) else "create" if live is None else "change"
        yield f"{verb} {action.key}: {action.why}"
    if not actions:
        yield "nothing is to be done now"
    for edit in pending_edits(found.request, found.observed, found.scope):
        differs = ", ".join(map(str, differences(edit.manifest, found.observed.objects[edit.key])))
        yield f"with the next edit of the record: change {edit.key}: {differs}"


def _events(found: Findings) -> Iterator[str]:
    if found.events is None:
        yield "may not be read"
        return
    for event in found.events[-_MOST_EVENTS:]:
        at = "some time ago" if event.at is None else when(event.at, found.now)
        yield f"{at}: {event.reason}: {event.note}"


def _controller(found: Findings) -> Iterator[str]:
    lease = found.lease
    if not found.is_lease_known:
        yield "who leads cannot be read"
    elif lease is None or lease.is_free or lease.renewed is None:
        yield "nobody leads: no controller is at work in this cluster"
    elif found.is_led:
        yield f"{lease.holder} leads, last sign of life at {when(lease.renewed, found.now)}"
    else:
        yield f"nobody leads: {lease.holder} gave its last sign of life at {when(lease.renewed, found.now)}"
