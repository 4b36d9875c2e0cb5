"""How long it takes until what somebody wrote into a record is so: from the write to the apply, and to running."""

from dataclasses import dataclass, field
from datetime import datetime

from gco_stream.core.events import Account
from gco_stream.core.models import EndpointName, Kind, ObjectKey, Scope
from gco_stream.core.status import State
from gco_stream.core.times import time_of

# A record that waited for longer was not waited for: this process, or its cluster, was not there.
_LONGEST_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """What has come true, and after how many seconds."""

    until: str
    seconds: float


@dataclass(slots=True)
class Fulfilment:
    """The wishes that were acted on and have not come true yet."""

    _waiting: dict[EndpointName, datetime] = field(default_factory=dict)

    def note(self, account: Account, scope: Scope, *, now: datetime) -> tuple[Fulfilled, ...]:
        """Say which waits a pass has ended; each wish is told of once, and a pod that was lost and is back is none."""
        status, request = account.status, account.request
        if request.item is None:
            self._waiting.pop(request.name, None)
        if status is None:
            return ()
        done = []
        if self._is_applied(account, scope):
            wished = time_of((request.item or {}).get("updated_at"))
            if wished is not None and (now - wished).total_seconds() <= _LONGEST_SECONDS:
                self._waiting[request.name] = wished
                done.append(Fulfilled("applied", max(0.0, (now - wished).total_seconds())))
        if status.state is State.RUNNING and request.name in self._waiting:
            wished = self._waiting.pop(request.name)
            done.append(Fulfilled("running", max(0.0, (now - wished).total_seconds())))
        return tuple(done)

    def _is_applied(self, account: Account, scope: Scope) -> bool:
        key = ObjectKey(Kind.DEPLOYMENT, account.request.name)
        status, before = account.status, account.request.status(scope.region)
        is_new = status is not None and before.get("observed_spec") != status.observed_spec
        return is_new and any(action.key == key for action in account.plan.actions)
