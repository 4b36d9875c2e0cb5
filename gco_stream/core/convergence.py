"""Whether an endpoint is, and is reported, as its record asks, told from what is known without a request."""

from datetime import datetime

from gco_stream.core.claims import Claims
from gco_stream.core.conclusions import may_be_promoted, may_be_purged
from gco_stream.core.models import EndpointName, Item, Observed, Scope
from gco_stream.core.plan import make_plan
from gco_stream.core.progress import next_look
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.status import to_write
from gco_stream.core.wish import Request, read_request


def is_converged(item: Item, observed: Observed, scope: Scope, *, now: datetime, claims: Claims | None = None) -> bool:
    """Whether a pass over this endpoint would find nothing to do.

    Args:
        item: The record as a scan showed it.
        observed: What the watch has shown of its objects. Of pods it shows none: that they were gone was seen when
            ``stopped`` or ``deleted`` was written, and none comes back while the Deployment asks for none.
        claims: What all records lay claim to; None: nobody is in this one's way.
    """
    request = read_request(EndpointName(item["endpoint_name"]), item, scope, claims)
    plan = make_plan(request, observed, scope, now=now)
    if plan.actions:
        return False
    status = region_status(request, Outcome(plan=plan, observed=observed), scope, now=now)
    if status is not None and to_write(status, request.status(scope.region), now=now) is not None:
        return False
    return next_look(request, observed, status, plan, now=now) is None and not _may_be_concluded(request, item)


def _may_be_concluded(request: Request, item: Item) -> bool:
    record = request.record
    return record is not None and (may_be_promoted(item, record) or may_be_purged(record))
