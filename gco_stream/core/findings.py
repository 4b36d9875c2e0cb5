"""Everything that is known of one endpoint at one moment, for whoever explains it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from gco_stream.core.causes import Cause
from gco_stream.core.leadership import Lease
from gco_stream.core.models import EndpointName, Manifest, ObjectKey, Observed, Scope
from gco_stream.core.plan import Plan
from gco_stream.core.report import Outcome, cause_among, region_status
from gco_stream.core.status import RegionStatus
from gco_stream.core.wish import Request


class PastEvent(NamedTuple):
    """One Event that a controller wrote: a transition.

    Attributes:
        at: When; None where the API server does not say.
    """

    at: datetime | None
    reason: str
    note: str
    is_warning: bool = False


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found.

    Attributes:
        observed: The whole objects, and the pods.
        plan: What a pass would do now.
        events: What was told of it lately, oldest first; None: it may not be read.
        lease: Who leads in this cluster; None: nobody ever did, or it may not be read.
        is_lease_known: Whether the lease could be read.
    """

    request: Request
    observed: Observed
    plan: Plan
    scope: Scope
    events: tuple[PastEvent, ...] | None
    lease: Lease | None
    is_lease_known: bool = True
    now: datetime

    @property
    def name(self) -> EndpointName:
        """The endpoint."""
        return self.request.name

    @property
    def deployment(self) -> Manifest | None:
        """Its Deployment, whoever made it."""
        return self.observed.deployment(self.name)

    @property
    def there(self) -> tuple[ObjectKey, ...]:
        """What is there under its names."""
        return tuple(self.observed.objects)

    @cached_property
    def status(self) -> RegionStatus | None:
        """What a pass would report now; None where it would say nothing."""
        return region_status(self.request, Outcome(plan=self.plan, observed=self.observed), self.scope, now=self.now)

    @cached_property
    def cause(self) -> Cause | None:
        """Why its pods are not ready, if anything is known of that."""
        return cause_among(self.name, self.observed)

    @property
    def is_led(self) -> bool:
        """Whether somebody works in this cluster, as far as the Lease's own words and our clock say."""
        lease = self.lease
        if lease is None or lease.is_free or lease.renewed is None:
            return not self.is_lease_known
        return self.now - lease.renewed <= 2 * lease.patience
