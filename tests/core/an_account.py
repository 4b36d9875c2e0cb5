"""Accounts of passes, with what matters to a test and nothing that happens otherwise."""

from typing import Any

from gco_stream.core.events import Account
from gco_stream.core.models import Action, Apply, Item, Manifest, Observed
from gco_stream.core.plan import Plan
from gco_stream.core.record import spec_hash
from gco_stream.core.status import RegionStatus, State
from tests.builders import DEPLOYMENT, SCOPE, a_live, a_request, an_endpoint, an_item, deployment_of, observed


def the_deployment() -> Manifest:
    live = a_live(deployment_of(an_endpoint()))
    live["metadata"]["uid"] = "uid-of-llama"
    return live


def applying() -> Plan:
    """A plan that applies the Deployment."""
    action: Action = Apply(key=DEPLOYMENT, manifest={}, uid=None, why="differs")
    return Plan(actions=(action,))


def a_region_status(item: Item, state: State = State.RUNNING, **fields: Any) -> RegionStatus:
    plain: dict[str, Any] = {"observed_spec": spec_hash(item), "cluster": SCOPE.cluster, "published": True}
    return RegionStatus(state=state, **plain | fields)


def an_account(
    item: Item | None = None,
    *,
    state: State | None = State.RUNNING,
    plan: Plan | None = None,
    before: Observed | None = None,
    after: Observed | None = None,
    drifts: tuple[Any, ...] = (),
    **status: Any,
) -> Account:
    """What a pass came to, by default one that found the Deployment and left it as it was."""
    wanted = an_item() if item is None else item
    there = observed(the_deployment())
    return Account(
        request=a_request(wanted),
        plan=plan or Plan(),
        before=there if before is None else before,
        observed=there if after is None else after,
        status=None if state is None else a_region_status(wanted, state, **status),
        drifts=drifts,
    )
