"""What waits behind the brake until somebody confirms it, and what people are told of it."""

import pytest

from gco_stream.core.brake import Braked, Released
from tests.core.braking import ALL, START, Cluster

pytestmark = pytest.mark.behaviour("B12")


class TestConfirmation:
    def test_what_waits_goes_once_somebody_confirms(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:50])

        confirmed = cluster.brake.confirm()

        assert confirmed == tuple(ALL[:50])
        assert cluster.ask(*ALL[:50]) == {Released()}
        assert cluster.brake.waiting is None

    def test_a_confirmation_is_for_what_waits_then_and_nothing_else(self) -> None:
        cluster = Cluster()
        cluster.brake.confirm()
        cluster.scan(ALL[:50])
        cluster.brake.confirm()

        cluster.scan(ALL[:57], now=START + 60)

        assert cluster.ask(*ALL[:50]) == {Released()}
        assert cluster.waiting() == tuple(ALL[50:57])

    def test_what_was_confirmed_does_not_count_against_the_next(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:50])
        cluster.brake.confirm()

        cluster.let_go(*ALL[50:55])

        assert cluster.waiting() == ()

    def test_while_something_waits_whatever_goes_waits_with_it(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:6])

        cluster.removed(ALL[50])
        cluster.scan([*ALL[:6], ALL[70]], now=START + 3600)

        assert cluster.ask(ALL[50], ALL[70], now=START + 7200) == {Braked()}
        assert cluster.waiting() == (*ALL[:6], ALL[50], ALL[70])

    def test_what_has_its_record_back_is_looked_at_and_waits_no_longer(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:6])

        looked_at = cluster.scan(ALL[:2], now=START + 300)
        for name in looked_at:
            cluster.brake.forget(name)

        assert looked_at == set(ALL[2:6])
        assert cluster.waiting() == tuple(ALL[:2])

    def test_a_table_that_comes_back_piece_by_piece_loses_none_on_the_way(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL)

        for back in ALL[:97]:
            cluster.brake.forget(back)
        cluster.scan(ALL[97:], now=START + 300)

        assert cluster.ask(*ALL[97:], now=START + 600) == {Braked()}


class TestTelling:
    def test_it_is_told_once_and_again_when_there_are_twice_as_many(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:6])

        told = [cluster.brake.news() is not None]
        for name in ALL[6:]:
            cluster.removed(name)
            told.append(cluster.brake.news() is not None)

        assert [6 + number for number, is_told in enumerate(told) if is_told] == [6, 12, 24, 48, 96]

    def test_nothing_is_told_while_nothing_waits(self) -> None:
        assert Cluster().brake.news() is None

    def test_a_new_wait_is_told_anew(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:6])
        cluster.brake.news()
        cluster.brake.confirm()

        cluster.scan(ALL[:12], now=START + 60)

        assert cluster.brake.news() is not None

    def test_it_says_how_many_and_which_and_how_to_confirm(self) -> None:
        cluster = Cluster()
        cluster.scan(ALL[:40])

        waiting = cluster.brake.waiting
        assert waiting is not None

        assert (waiting.known, waiting.since) == (100, START)
        assert waiting.facts() == {
            "endpoints": 40,
            "known": 100,
            "first": [str(name) for name in ALL[:10]],
            "confirm": "gco-stream resync --confirm-deletions",
        }
