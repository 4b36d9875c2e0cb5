import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gco_stream.core.backlog import Again, Backlog, Urgency
from gco_stream.core.models import EndpointName

A, B, C = EndpointName("a"), EndpointName("b"), EndpointName("c")
SOON = Again(first=1.0, longest=60.0)
FAILED = Again(first=0.5, longest=60.0, is_failure=True)


def backlog(*fresh: EndpointName, resync: tuple[EndpointName, ...] = ()) -> Backlog:
    waiting = Backlog()
    for name in resync:
        waiting.add(name, Urgency.RESYNC)
    for name in fresh:
        waiting.add(name)
    return waiting


def taken(waiting: Backlog, *, now: float = 0.0) -> list[EndpointName]:
    names = []
    while (name := waiting.take(now)) is not None:
        names.append(name)
    return names


def test_names_are_taken_in_the_order_in_which_they_came_each_once() -> None:
    assert taken(backlog(B, A, B, C, A)) == [B, A, C]


def test_a_name_is_never_in_two_hands() -> None:
    waiting = backlog(A)
    assert waiting.take(0) == A

    waiting.add(A)

    assert waiting.take(0) is None
    assert waiting.in_hand == 1


def test_a_name_that_is_added_while_in_hand_is_looked_at_once_more() -> None:
    waiting = backlog(A)
    waiting.take(0)
    for _ in range(3):
        waiting.add(A)

    waiting.done(A, None, now=0, lot=0.5)

    assert taken(waiting) == [A]


@pytest.mark.behaviour("B11")
def test_a_change_while_in_hand_does_not_wait_for_the_back_off() -> None:
    waiting = backlog(A)
    waiting.take(0)
    waiting.add(A)

    waiting.done(A, SOON, now=0, lot=0.5)

    assert waiting.take(0) == A


def test_fresh_changes_go_before_a_resync() -> None:
    assert taken(backlog(C, resync=(A, B))) == [C, A, B]


def test_a_resync_of_what_is_fresh_anyway_adds_nothing() -> None:
    waiting = backlog(A)
    waiting.add(A, Urgency.RESYNC)
    waiting.add(B, Urgency.RESYNC)
    waiting.add(B)

    assert len(waiting) == 2
    assert taken(waiting) == [A, B]


def test_a_resync_is_not_starved_by_a_stream_that_never_rests() -> None:
    resynced = tuple(EndpointName(f"r{number}") for number in range(10))
    waiting = backlog(resync=resynced)

    turns = []
    for number in range(100):
        waiting.add(EndpointName(f"f{number}"))
        turns.append(waiting.take(0))

    assert [name for name in turns if name in resynced] == list(resynced)
    assert all(
        name in resynced or turns[place + 1] not in resynced or place % 8 == 6 for place, name in enumerate(turns[:80])
    )


@pytest.mark.behaviour("B11")
def test_a_name_that_is_put_off_comes_back_by_itself_and_no_sooner() -> None:
    waiting = backlog(A)
    waiting.take(0)
    waiting.done(A, SOON, now=10, lot=0.5)

    assert waiting.next_due() == 11.0
    assert waiting.take(10.99) is None
    assert waiting.take(11) == A
    assert waiting.next_due() is None


def rounds(waiting: Backlog, name: EndpointName, count: int, *, again: Again = SOON) -> list[float]:
    """The waits of a name that fails again and again."""
    waits, now = [], 0.0
    for _ in range(count):
        assert waiting.take(now) == name
        waiting.done(name, again, now=now, lot=0.5)
        due = waiting.next_due()
        assert due is not None
        waits.append(due - now)
        now = due
    return waits


@pytest.mark.behaviour("B11")
def test_each_further_wait_is_twice_as_long_up_to_the_longest() -> None:
    assert rounds(backlog(A), A, 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.behaviour("B11")
def test_a_success_or_a_fresh_change_ends_the_row() -> None:
    waiting = backlog(A)
    rounds(waiting, A, 3)
    waiting.add(A)
    assert rounds(waiting, A, 1) == [1]

    other = backlog(A)
    rounds(other, A, 3)
    other.take(1000)
    other.done(A, None, now=1000, lot=0.5)
    other.add(A, Urgency.RESYNC)
    assert rounds(other, A, 1) == [1]


@pytest.mark.behaviour("B11")
def test_a_resync_does_not_end_the_row() -> None:
    waiting = backlog(A)
    rounds(waiting, A, 3)

    waiting.add(A, Urgency.RESYNC)

    assert rounds(waiting, A, 1) == [8]


@pytest.mark.behaviour("B11")
@given(attempt=st.integers(1, 10**6), lot=st.floats(0, 1), first=st.floats(0.01, 10), times=st.floats(1, 1000))
def test_waits_stay_within_their_bounds(attempt: int, lot: float, first: float, times: float) -> None:
    longest = first * times
    delay = Again(first=first, longest=longest).delay(attempt, lot=lot)

    assert 0.8 * first * (1 - 1e-9) <= delay <= 1.2 * longest * (1 + 1e-9)
    assert Again(first=first, longest=longest).not_before(5000.0).delay(attempt, lot=lot) >= 5000.0
    assert Again(first=first, longest=longest).not_before(None).delay(attempt, lot=lot) == delay


NAMES = st.sampled_from([A, B, C, EndpointName("d")])


class AnyBacklog(RuleBasedStateMachine):
    """Whatever is done to a backlog: each name waits once, is in one hand, and is looked at after every addition."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = Backlog()
        self.now = 0.0
        self.owed: set[EndpointName] = set()
        self.put_off: set[EndpointName] = set()
        self.in_hand: list[EndpointName] = []

    @rule(name=NAMES, urgency=st.sampled_from(Urgency))
    def add(self, name: EndpointName, urgency: Urgency) -> None:
        self.waiting.add(name, urgency)
        self.owed.add(name)

    @rule()
    def take(self) -> None:
        name = self.waiting.take(self.now)
        if name is None:
            assert not self.owed - set(self.in_hand), "somebody waits and is not handed out"
            return
        assert name not in self.in_hand, "in two hands"
        assert name in self.owed | self.put_off, "nobody asked for it"
        self.owed.discard(name)
        self.put_off.discard(name)
        self.in_hand.append(name)

    @precondition(lambda self: self.in_hand)
    @rule(place=st.integers(0, 3), again=st.sampled_from([None, SOON, FAILED]), lot=st.floats(0, 1))
    def done(self, place: int, again: Again | None, lot: float) -> None:
        name = self.in_hand.pop(place % len(self.in_hand))
        self.waiting.done(name, again, now=self.now, lot=lot)
        if again is not None and name not in self.owed:
            self.put_off.add(name)

    @rule()
    def hasten(self) -> None:
        self.waiting.hasten(self.now)

    @rule(seconds=st.floats(0, 100))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nobody_is_lost(self) -> None:
        assert self.waiting.in_hand == len(self.in_hand)
        ready = self.owed - set(self.in_hand)
        assert len(ready) <= len(self.waiting) <= len(ready | self.put_off)
        assert (self.waiting.next_due() is not None) or not self.put_off - self.owed or len(self.waiting) > len(ready)


TestAnyBacklog = AnyBacklog.TestCase
TestAnyBacklog.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_another_look_waits_behind_a_fresh_change_and_before_a_resync() -> None:
    backlog = Backlog()
    backlog.add(EndpointName("again"))
    assert backlog.take(0.0) == "again"
    backlog.done(EndpointName("again"), Again(first=1.0, longest=1.0), now=0.0, lot=0.5)

    backlog.add(EndpointName("resync"), Urgency.RESYNC)
    backlog.add(EndpointName("fresh"))

    assert [backlog.take(2.0) for _ in range(3)] == ["fresh", "again", "resync"]


def test_a_failure_after_a_long_wait_for_progress_begins_a_row_of_its_own() -> None:
    backlog, name = Backlog(), EndpointName("llama")
    progress, failed = Again(first=0.1, longest=5.0), Again(first=0.5, longest=60.0)
    backlog.add(name)
    for _ in range(9):
        backlog.take(backlog.next_due() or 0.0)
        backlog.done(name, progress, now=0.0, lot=0.5)

    backlog.take(backlog.next_due() or 0.0)
    backlog.done(name, failed, now=100.0, lot=0.5)

    assert backlog.next_due() == pytest.approx(100.5)
