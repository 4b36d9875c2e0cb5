"""What is remembered of endpoints that need nothing: enough to tell whether anything has changed since."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.claim import Clash
from gco_stream.core.convergence import is_converged
from gco_stream.core.models import EndpointName, Item, Observed
from gco_stream.core.projection import project
from gco_stream.core.settled import Settled, sight_of
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NAME,
    REGION,
    SCOPE,
    a_status,
    an_endpoint,
    an_item,
    changed,
    everything_of,
)
from tests.core.story import Story, told
from tests.core.test_plan_converges import histories

ITEM = an_item(desired_state="running", region_status={REGION: a_status()})
EVERYTHING = everything_of(an_endpoint())
CLASH = Clash(rival=EndpointName("other"), field="ingress_path", contested="path /inference/llama", message="taken")

Sight = tuple[Item, Observed, Clash | None]


def with_other(key: Any, **metadata: Any) -> Observed:
    return EVERYTHING.after(key, changed(EVERYTHING.objects[key], **metadata))


OTHERS: dict[str, Callable[[], Sight]] = {
    "another spec": lambda: ({**ITEM, "spec": {"image": "acme/server:v2"}}, EVERYTHING, None),
    "a number that became a text": lambda: ({**ITEM, "spec": {**ITEM["spec"], "port": "8000"}}, EVERYTHING, None),
    "another state": lambda: ({**ITEM, "desired_state": "stopped"}, EVERYTHING, None),
    "another region's status": lambda: (
        {**ITEM, "region_status": {**ITEM["region_status"], "eu-west-1": {"state": "deleted"}}},
        EVERYTHING,
        None,
    ),
    "another version of an object": lambda: (ITEM, with_other(DEPLOYMENT, resourceVersion="2000"), None),
    "another object of the same name": lambda: (ITEM, with_other(INGRESS, uid="another"), None),
    "an object less": lambda: (ITEM, EVERYTHING.after(INGRESS, None), None),
    "a clash": lambda: (ITEM, EVERYTHING, CLASH),
}


def is_known(sight: Sight) -> bool:
    settled = Settled()
    settled.note(NAME, sight_of(ITEM, EVERYTHING, None))
    return settled.knows(NAME, sight_of(*sight))


def test_an_endpoint_that_looks_as_it_did_is_known() -> None:
    assert is_known((copy.deepcopy(ITEM), copy.deepcopy(EVERYTHING), None))


@pytest.mark.behaviour("B5")
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_an_endpoint_that_looks_otherwise_in_anything_is_not_known(other: Callable[[], Sight]) -> None:
    assert not is_known(other())


def is_left_alone(story: Story, *, after: float = 0.0) -> bool:
    seen = story.cluster.observe(NAME).objects
    thin = Observed(objects={key: project(live) for key, live in seen.items()})
    return is_converged(story.item, thin, SCOPE, now=story.now + timedelta(seconds=after))


@pytest.mark.behaviour("B5")
@given(history=histories)
def test_time_alone_never_brings_back_what_was_left_alone(history: list[Any]) -> None:
    story = told(history)

    for _ in range(5):
        story.look()
        story.cluster.work()
        assert not is_left_alone(story) or all(is_left_alone(story, after=later) for later in (31, 301, 3600))


def test_an_endpoint_that_somebody_holds_is_never_known() -> None:
    held = (ITEM, with_other(DEPLOYMENT, annotations={"gco.io/hold": "debugging"}), None)
    settled = Settled()

    settled.note(NAME, sight_of(*held))

    assert not settled.knows(NAME, sight_of(*held))


def test_one_endpoint_is_not_taken_for_another() -> None:
    settled, sight = Settled(), sight_of(ITEM, EVERYTHING, None)

    settled.note(EndpointName("other"), sight)

    assert not settled.knows(NAME, sight)


def test_what_is_gone_is_forgotten() -> None:
    settled, sight = Settled(), sight_of(ITEM, EVERYTHING, None)
    settled.note(NAME, sight)

    settled.keep_only({EndpointName("other")})

    assert not settled.knows(NAME, sight)
