"""Two controllers of two regions on one table: whatever comes between their steps, no start is ever lost."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gco_stream.core.models import EndpointName, object_keys
from gco_stream.core.record import spec_hash
from tests.builders import ELSEWHERE, NAME, REGION, an_item
from tests.storm import Storm
from tests.wishes import IMAGES, Wish, change, retarget, say

EXAMPLES = int(os.environ.get("STORM_EXAMPLES", "20"))

ADDED = retarget(REGION, ELSEWHERE)
wishes = st.one_of(
    st.sampled_from(["stopped", "running", "running", "deleted", "deleted", "deleted"]).map(say),
    st.sampled_from(IMAGES).map(lambda image: change(image=image)),
    st.sampled_from([(REGION, ELSEWHERE), (REGION,), (ELSEWHERE,)]).map(lambda regions: retarget(*regions)),
)
pauses = st.integers(0, 40) | st.sampled_from([0.26, 1.1, 2.6])
"""Steps of the controllers, or seconds."""


class History:
    """Two regions, one record, and what was written and deleted of it by whom."""

    def __init__(self, *regions: str) -> None:
        self.storm = Storm(REGION, ELSEWHERE)
        self.record = self.storm.regions[0].records
        self.last: Wish | None = None
        self.record.put(an_item(target_regions=list(regions), spec={"image": IMAGES[0]}))

    def write(self, wish: Wish) -> None:
        """Write as the known writers do, which create nothing by a change: that there is no record they would hear."""
        if NAME in self.storm.items:
            self.record.put(wish.of(self.storm.items[NAME]))
            if wish.verb != "retarget":
                self.last = wish

    def let_pass(self, pause: float) -> None:
        if isinstance(pause, int):
            self.storm.turn(pause)
        else:
            self.storm.pass_time(pause)
        self.check()

    def check(self) -> None:
        if NAME not in self.storm.items:
            assert self.last == say("deleted"), f"{self.last} was lost"

    def left(self, region: str) -> set[Any]:
        objects = next(r for r in self.storm.regions if r.name == region).cluster.model.objects
        return {key for key in object_keys(EndpointName(NAME)) if key in objects}


@pytest.mark.behaviour("B9", "B10")
@given(row=st.lists(st.tuples(wishes, pauses), min_size=1, max_size=12), first=st.sampled_from([0.0, 3.0, 10.0]))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_interleaving_of_two_regions_loses_a_start(row: list[tuple[Wish, float]], first: float) -> None:
    history = History(REGION, ELSEWHERE)
    try:
        history.let_pass(first)
        for wish, pause in row:
            history.write(wish)
            history.let_pass(pause)
        history.storm.subsides()
        history.check()
        stands_everywhere(history)
    finally:
        history.storm.close()


def lives(write: Wish, *, at: int | None, line: int, wish: Wish) -> int:
    """Let two regions follow one write, another one coming right before one call is answered.

    Args:
        at: Which call of that region since the first write, 0 is the first; None: the other write never comes.
        line: Which region's calls are meant.

    Returns:
        How many calls there were.
    """
    history = History(*([REGION] if wish == ADDED else [REGION, ELSEWHERE]))
    try:
        history.storm.pass_time(4.0 if write == say("deleted") else 0.0)
        calls = history.storm.regions[line].line.calls
        begin = len(calls)
        if at is not None:
            history.storm.regions[line].line.meanwhile(begin + at, lambda: history.write(wish))
        history.write(write)
        history.storm.pass_time(5.0)
        number = len(calls) - begin
        history.check()
        history.storm.pass_time(9.0)
        history.check()
        stands_everywhere(history)
        return number
    finally:
        history.storm.close()


@pytest.mark.behaviour("B9", "B10")
@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("first", [say("deleted"), change(image=IMAGES[1])], ids=str)
@pytest.mark.parametrize(
    "wish", [say("running"), say("stopped"), change(image=IMAGES[2]), ADDED, retarget(ELSEWHERE)], ids=str
)
def test_a_write_between_any_two_steps_of_promotion_or_purge_is_never_lost(line: int, first: Wish, wish: Wish) -> None:
    steps = lives(first, at=None, line=line, wish=wish)

    for step in range(steps):
        lives(first, at=step, line=line, wish=wish)


def stands_everywhere(history: History) -> None:
    item = history.storm.items.get(NAME)
    if item is None or item["desired_state"] == "deleted":
        assert item is None, "deleted everywhere, and yet not purged"
        assert history.left(REGION) == history.left(ELSEWHERE) == set()
        return
    for region in (REGION, ELSEWHERE):
        status = item["region_status"].get(region, {})
        if region not in item["target_regions"]:
            assert (history.left(region), status.get("state", "deleted")) == (set(), "deleted")
        elif item["desired_state"] == "stopped":
            assert status["state"] == "stopped"
        else:
            assert item["desired_state"] == "running", "every region runs it, and yet it was not promoted"
            assert (status["state"], status["observed_spec"]) == ("running", spec_hash(item))
