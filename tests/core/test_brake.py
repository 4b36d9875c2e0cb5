"""How many endpoints without a record may lose their objects, and when somebody is asked."""

import pytest

from gco_stream.core.brake import GATHER_SECONDS, WINDOW_SECONDS, Braked, Gathering, Released
from tests.core.braking import ALL, LATER, START, Cluster, never

pytestmark = pytest.mark.behaviour("B12")


class TestScan:
    def test_a_few_records_that_are_gone_are_let_go_when_no_more_have_followed(self) -> None:
        cluster = Cluster()

        looked_at = cluster.scan(ALL[:5])

        assert looked_at == set(ALL[:5])
        assert cluster.ask(*ALL[:5], now=START) == {Gathering(GATHER_SECONDS)}
        assert cluster.ask(*ALL[:5]) == {Released()}

    def test_one_more_than_the_limit_and_none_goes(self) -> None:
        cluster = Cluster()

        looked_at = cluster.scan(ALL[:6])

        assert looked_at == set()
        assert cluster.ask(*ALL[:6], now=START + 3600) == {Braked()}
        assert cluster.waiting() == tuple(ALL[:6])

    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_all_there_are_do_not_go_however_few_they_are(self, count: int) -> None:
        cluster = Cluster(known=ALL[:count])

        cluster.scan(ALL[:count])

        assert cluster.ask(*ALL[:count]) == {Braked()}
        assert cluster.waiting() == tuple(ALL[:count])

    def test_the_only_one_there_is_may_go(self) -> None:
        cluster = Cluster(known=ALL[:1])

        cluster.scan(ALL[:1])

        assert cluster.ask(ALL[0]) == {Released()}

    def test_the_first_scan_is_judged_like_any_other(self) -> None:
        cluster = Cluster(scanned=False)

        cluster.scan(ALL[:6])

        assert cluster.ask(*ALL[:6]) == {Braked()}

    def test_a_limit_of_none_asks_about_each(self) -> None:
        cluster = Cluster(limit=0)

        cluster.scan(ALL[:1])

        assert cluster.waiting() == (ALL[0],)

    def test_what_the_stream_has_told_of_is_judged_with_what_a_scan_finds(self) -> None:
        cluster = Cluster()
        cluster.removed(*ALL[:3])

        cluster.scan(ALL[3:6], now=START + 1)

        assert cluster.waiting() == tuple(ALL[:6])

    def test_what_is_going_is_looked_at_again_and_not_counted_twice(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:5])
        cluster.ask(*ALL[:5])

        looked_at = cluster.scan(ALL[:5], now=START + 300)

        assert looked_at == set(ALL[:5])
        assert cluster.ask(*ALL[:5]) == {Released()}


class TestStream:
    def test_a_removal_is_let_go_after_a_moment_without_another(self) -> None:
        cluster = Cluster()

        first = cluster.removed(ALL[0])

        assert first == {Gathering(GATHER_SECONDS)}
        assert cluster.ask(ALL[0]) == {Released()}

    def test_every_further_removal_prolongs_that_moment(self) -> None:
        cluster = Cluster()
        cluster.removed(ALL[0])

        cluster.removed(ALL[1], now=START + 4)

        assert cluster.ask(ALL[0]) == {Gathering(4)}
        assert cluster.ask(*ALL[:2], now=START + 9) == {Released()}

    def test_a_table_that_is_emptied_takes_nothing_down(self) -> None:
        cluster = Cluster(known=ALL[:3])

        for second, name in enumerate(ALL[:3]):
            cluster.removed(name, now=START + second)

        assert cluster.ask(*ALL[:3], now=START + 60) == {Braked()}
        assert cluster.waiting() == tuple(ALL[:3])

    def test_beyond_the_limit_nothing_is_waited_for(self) -> None:
        cluster = Cluster()
        cluster.removed(*ALL[:5])

        sixth = cluster.removed(ALL[5])

        assert sixth == {Braked()}
        assert cluster.waiting() == tuple(ALL[:6])

    def test_a_record_that_nobody_saw_go_waits_for_a_scan(self) -> None:
        cluster = Cluster()

        assert cluster.ask(ALL[0]) == {Braked()}
        assert cluster.waiting() == ()

    def test_before_the_first_complete_scan_nothing_goes(self) -> None:
        cluster = Cluster(scanned=False)
        cluster.removed(ALL[0])

        assert cluster.ask(ALL[0], now=START + 3600) == {Gathering(GATHER_SECONDS)}
        cluster.scan(ALL[:1], now=START + 3600)
        assert cluster.ask(ALL[0], now=START + 3605) == {Released()}

    def test_a_record_that_is_back_must_be_seen_to_go_anew(self) -> None:
        cluster = Cluster()
        cluster.removed(ALL[0])

        cluster.brake.forget(ALL[0])

        assert cluster.ask(ALL[0]) == {Braked()}
        assert cluster.removed(ALL[0], now=LATER) == {Gathering(GATHER_SECONDS)}

    def test_many_removals_do_not_ask_again_what_there_is(self) -> None:
        cluster = Cluster()
        cluster.removed(*ALL[:6])

        for name in ALL[6:]:
            cluster.brake.note_removed(name)
            cluster.brake.ask(name, never, now=START)

        assert len(cluster.waiting()) == 100


class TestWindow:
    def test_the_sum_over_five_minutes_counts(self) -> None:
        cluster = Cluster()
        for number in range(5):
            cluster.let_go(ALL[number], now=START + 30 * number)

        sixth = cluster.removed(ALL[5], now=START + 160)

        assert sixth == {Braked()}
        assert cluster.waiting() == (ALL[5],)

    def test_what_went_before_that_is_forgotten(self) -> None:
        cluster = Cluster()
        cluster.let_go(*ALL[:5])

        cluster.let_go(ALL[5], now=LATER + WINDOW_SECONDS + GATHER_SECONDS)

        assert cluster.waiting() == ()

    def test_a_moment_before_the_window_ends_it_still_counts(self) -> None:
        cluster = Cluster()
        cluster.let_go(*ALL[:5])

        assert cluster.removed(ALL[5], now=LATER + WINDOW_SECONDS - 1) == {Braked()}

    def test_the_last_one_does_not_follow_all_others(self) -> None:
        cluster = Cluster(known=ALL[:3])
        cluster.let_go(ALL[0])
        cluster.let_go(ALL[1], now=LATER + 60)

        cluster.removed(ALL[2], now=LATER + 120)

        assert cluster.ask(ALL[2], now=LATER + 130) == {Braked()}


class TestStart:
    """What another process before this one held back is not known any more."""

    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_of_what_only_the_first_scan_says_no_two_go_without_asking(self, count: int) -> None:
        cluster = Cluster(scanned=False)

        cluster.scan(ALL[:count])

        assert cluster.ask(*ALL[:count]) == {Braked()}

    def test_nor_does_the_last_one(self) -> None:
        cluster = Cluster(scanned=False, known=ALL[:1])

        cluster.scan(ALL[:1])

        assert cluster.ask(ALL[0]) == {Braked()}

    def test_one_of_many_may_go(self) -> None:
        cluster = Cluster(scanned=False)

        cluster.scan(ALL[:1])

        assert cluster.ask(ALL[0]) == {Released()}

    def test_what_the_stream_has_told_of_is_no_riddle_to_the_first_scan(self) -> None:
        cluster = Cluster(scanned=False)
        for name in ALL[:2]:
            cluster.brake.note_removed(name)

        cluster.scan(ALL[:2])

        assert cluster.ask(*ALL[:2]) == {Released()}


def test_a_confirmation_is_for_what_waited_when_it_was_given() -> None:
    cluster = Cluster()
    cluster.scan(ALL[:6])

    cluster.brake.accept()
    cluster.scan(ALL[:8])

    assert cluster.brake.confirm() == tuple(ALL[:6])
    assert cluster.ask(*ALL[:6]) == {Released()}
    assert cluster.ask(*ALL[6:8]) == {Braked()}
