"""Two contenders, arbitrary delays and pauses, and clocks of different rates: no two ever write at once."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from gco_stream.core.leadership import Contender, Terms
from tests.lease_model import Model, Process

pytestmark = pytest.mark.behaviour("B4")


@dataclass
class Plan:
    """What one process meets.

    Attributes:
        delays: Of its calls about the Lease, each way, and of its wakings; the last one is followed by the first.
        rate: How fast its clock goes.
        starts_after: Seconds.
        writing: What its writes take.
    """

    delays: list[float] = field(default_factory=lambda: [0.01])
    rate: float = 1.0
    starts_after: float = 0.0
    writing: list[float] = field(default_factory=lambda: [0.01, 9.0])


# Runs of one delay, because what a network does it does for a while; from 2.5 s each way on, answers get lost.
# 100 s stand for a process that was stopped, and for a request that arrives when nobody thinks of it any more.
DELAY = st.sampled_from([0.01, 0.4, 1.0, 2.4, 3.0, 7.0, 100.0])
RUNS = st.lists(st.tuples(DELAY, st.integers(1, 20)), min_size=1, max_size=8)
DELAYS = RUNS.map(lambda runs: [delay for delay, times in runs for _ in range(times)]) | st.just([0.01])
RATES = st.sampled_from([0.9, 1.0, 1.1]) | st.floats(0.9, 1.1)
PLANS = st.builds(Plan, DELAYS, RATES, st.floats(0, 30), DELAYS)
TERMS = st.sampled_from([(15, 10, 2), (60, 40, 15), (3, 2, 0.5), (15, 11.9, 2)])
FAST, SLOW = 1.1, 0.9


def terms_of(seconds: tuple[float, float, float]) -> Terms:
    duration, renew_deadline, retry = (timedelta(seconds=one) for one in seconds)
    return Terms(duration=duration, renew_deadline=renew_deadline, retry=retry)


def contenders(*plans: Plan, terms: Terms | None = None) -> tuple[Model, list[Process]]:
    """Let processes start as planned."""
    model = Model()
    processes = [
        Process(
            Contender(name=f"p_{number}", terms=terms or Terms()),
            model,
            list(plan.delays),
            list(plan.writing),
            plan.rate,
        )
        for number, plan in enumerate(plans)
    ]
    for process, plan in zip(processes, plans, strict=True):
        model.start(process, after=plan.starts_after)
    return model, processes


def never_two(model: Model, processes: list[Process], *, until: float = 600) -> None:
    """Hold every moment to it that one process at the most leads, or writes."""
    for _ in model.moments(until):
        assert [process.leads or process.is_writing for process in processes].count(True) <= 1


@settings(max_examples=300)
@given(first=PLANS, second=PLANS, terms=TERMS)
@example(first=Plan([0.01] * 30 + [100.0] * 99), second=Plan(starts_after=0.5), terms=(15, 10, 2))
@example(first=Plan([0.01] * 30 + [2.4] * 2 + [100.0] * 99), second=Plan(starts_after=0.5), terms=(15, 10, 2))
@example(first=Plan([0.01] * 30 + [100.0] * 99), second=Plan([1.0, 0.01]), terms=(15, 10, 2))
@example(first=Plan([0.01] * 31 + [100.0] * 99, SLOW), second=Plan([0.01], FAST, 0.5), terms=(15, 11.9, 2))
@example(first=Plan([0.01] * 31 + [100.0] * 99, SLOW), second=Plan([0.01], FAST, 0.5), terms=(15, 10, 2))
def test_two_contenders_never_write_at_once(first: Plan, second: Plan, terms: tuple[float, float, float]) -> None:
    model, processes = contenders(first, second, terms=terms_of(terms))

    never_two(model, processes)

    event(f"{sum(process.writes > 0 for process in processes)} of them wrote")


@settings(max_examples=200)
@given(first=PLANS, second=PLANS, deleted_after=st.floats(0, 200))
@example(first=Plan(), second=Plan([0.01] * 37 + [3.0] * 7 + [0.01] * 200, starts_after=0.5), deleted_after=46.9)
def test_nor_when_somebody_deletes_the_lease_that_both_have_seen(
    first: Plan, second: Plan, deleted_after: float
) -> None:
    model, processes = contenders(first, second)

    def delete() -> None:
        standby = next((one for one in processes if not one.leads), processes[0])
        if model.lease is not None and standby.sight.lease is not None:
            model.lease = None

    model.at(deleted_after, delete)

    never_two(model, processes)


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (SLOW, FAST), (FAST, SLOW)])
def test_one_leads_and_the_other_takes_over_after_the_duration_when_it_dies(first: float, second: float) -> None:
    model, (leader, standby) = contenders(Plan(rate=first), Plan(rate=second, starts_after=1))

    leaders = [(leader.leads, standby.leads) for now in model.moments(until=60) if now > 1]
    leader.dies()
    taken_over = next(now for now in model.moments(until=100) if standby.leads)

    assert set(leaders) == {(True, False)}
    # From its last renewal, at most 2 s before, to the next look after the duration, by the clock of who waits.
    assert 60 + 13 / second <= taken_over <= 60 + 19 / second
    assert leader.writes > 10
