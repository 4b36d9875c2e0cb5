from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.fulfilment import Fulfilled, Fulfilment
from gco_stream.core.status import State
from tests.builders import NOW, REGION, SCOPE, a_spec, a_status, an_item
from tests.core.an_account import an_account, applying

pytestmark = pytest.mark.behaviour("B39")

# The builders' record was written a minute before NOW.
WRITTEN = NOW - timedelta(seconds=60)


def told(fulfilment: Fulfilment, after: float, **account: Any) -> list[Fulfilled]:
    return list(fulfilment.note(an_account(**account), SCOPE, now=WRITTEN + timedelta(seconds=after)))


def test_a_wish_is_waited_for_from_its_write_to_the_apply_and_to_running() -> None:
    fulfilment = Fulfilment()

    assert told(fulfilment, 0.5, state=State.CREATING, plan=applying()) == [Fulfilled("applied", 0.5)]
    assert told(fulfilment, 40, state=State.RUNNING) == [Fulfilled("running", 40)]


def test_a_wish_that_comes_true_at_once_is_told_of_twice() -> None:
    assert told(Fulfilment(), 2, state=State.RUNNING, plan=applying()) == [
        Fulfilled("applied", 2),
        Fulfilled("running", 2),
    ]


def test_a_pod_that_was_lost_and_is_back_fulfils_nothing() -> None:
    fulfilment = Fulfilment()
    told(fulfilment, 1, state=State.RUNNING, plan=applying())

    assert told(fulfilment, 900, state=State.UPDATING) == []
    assert told(fulfilment, 960, state=State.RUNNING) == []


def test_what_is_put_right_by_hand_of_the_same_wish_fulfils_nothing() -> None:
    item = an_item()
    same = an_item(region_status={REGION: a_status("running", item)})

    assert told(Fulfilment(), 900, item=same, state=State.UPDATING, plan=applying()) == []


def test_a_wish_that_was_replaced_before_it_came_true_is_forgotten() -> None:
    fulfilment = Fulfilment()
    told(fulfilment, 1, state=State.CREATING, plan=applying())
    newer = an_item(spec=a_spec(replicas=2), updated_at=(WRITTEN + timedelta(seconds=10)).isoformat())

    told(fulfilment, 11, item=newer, state=State.CREATING, plan=applying())

    assert told(fulfilment, 15, item=newer, state=State.RUNNING) == [Fulfilled("running", 5)]


def test_a_pass_that_could_say_nothing_does_not_end_the_wait() -> None:
    fulfilment = Fulfilment()
    told(fulfilment, 1, state=State.CREATING, plan=applying())
    told(fulfilment, 2, state=None)

    assert told(fulfilment, 3, state=State.RUNNING) == [Fulfilled("running", 3)]


@pytest.mark.parametrize("written", [None, "yesterday", ..., "2026-02-01T00:00:00Z"])
def test_a_write_of_unknown_time_or_long_ago_is_not_measured(written: Any) -> None:
    item = an_item(updated_at=written)

    assert told(Fulfilment(), 1, item=item, state=State.RUNNING, plan=applying()) == []


def test_a_clock_that_is_behind_the_writers_does_not_make_waits_negative() -> None:
    assert told(Fulfilment(), -3, state=State.CREATING, plan=applying()) == [Fulfilled("applied", 0)]
