"""What is reported of an endpoint while the cluster cannot be looked at."""

from collections.abc import Mapping
from decimal import Decimal

from gco_stream.core.models import Scope
from gco_stream.core.record import spec_hash
from gco_stream.core.status import Failure, RegionStatus, State
from gco_stream.core.wish import Request


def unobserved_status(request: Request, scope: Scope, failure: Failure) -> RegionStatus | None:
    """Say why nothing is known, with the counts reported last; None for a region that has nothing to do with it."""
    previous = request.status(scope.region)
    if not previous and not request.targets(scope.region):
        return None
    canary = previous.get("canary")
    return RegionStatus(
        state=State.ERROR,
        reason=failure.reason,
        error=failure.message,
        replicas_ready=_count(previous.get("replicas_ready")),
        replicas_desired=_count(previous.get("replicas_desired")),
        published=previous.get("published") is True,
        observed_spec=spec_hash(request.item or {}),
        cluster=scope.cluster,
        unready_since=_text(previous.get("unready_since")),
        canary=canary if isinstance(canary, Mapping) else None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite()) else 0
