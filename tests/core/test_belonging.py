from dataclasses import replace

import pytest

from gco_stream.core.belonging import belonging
from gco_stream.core.manifests.ownership import ENDPOINT, MANAGED_BY
from gco_stream.core.models import Manifest, Observed
from gco_stream.core.plan import make_plan
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NOW,
    SCOPE,
    SERVICE,
    a_request,
    an_endpoint,
    changed,
    everything_of,
    foreign,
    status_of,
)


def labelled(live: Manifest, **labels: str | None) -> Manifest:
    """The same object with other marks; None takes one away."""
    marks = {"managed_by": MANAGED_BY, "endpoint": ENDPOINT}
    changes = {marks[mark]: value for mark, value in labels.items()}
    kept = {**live["metadata"]["labels"], **changes}
    return changed(live, labels={key: value for key, value in kept.items() if value is not None})


def remarked(**labels: str | None) -> Observed:
    """A running endpoint, to the marks of whose Deployment somebody has done something."""
    seen = everything_of(an_endpoint())
    return seen.after(DEPLOYMENT, labelled(seen.objects[DEPLOYMENT], **labels))


@pytest.mark.behaviour("B13", "B14")
@pytest.mark.parametrize("labels", [{"managed_by": "Helm"}, {"managed_by": None}, {"endpoint": None}])
def test_what_we_have_made_stays_ours_when_somebody_changes_a_mark_and_gets_it_back(
    labels: dict[str, str | None],
) -> None:
    seen = remarked(**labels)

    plan = make_plan(a_request(), seen, SCOPE, now=NOW)

    assert DEPLOYMENT in belonging(a_request(), seen)
    assert [action.key for action in plan.actions] == [DEPLOYMENT]


@pytest.mark.behaviour("B23", "B26")
@pytest.mark.parametrize(("state", "said"), [("stopped", "stopping"), ("deleted", "deleting")])
def test_a_changed_mark_keeps_no_accelerators_from_being_given_back(state: str, said: str) -> None:
    seen = replace(remarked(managed_by="Helm"), pods=())
    request = a_request(desired_state=state)

    plan = make_plan(request, seen, SCOPE, now=NOW)

    assert DEPLOYMENT in [action.key for action in plan.actions]
    assert status_of(request, seen, plan=plan).state == said


@pytest.mark.behaviour("B13")
def test_the_object_of_another_endpoint_is_not_ours_whoever_made_it() -> None:
    assert DEPLOYMENT not in belonging(a_request(), remarked(endpoint="other"))


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
def test_what_somebody_else_has_made_is_not_ours(key: object) -> None:
    seen = everything_of(an_endpoint())
    theirs = Observed(objects={k: foreign(live) if k == key else live for k, live in seen.objects.items()})

    assert key not in belonging(a_request(), theirs)
