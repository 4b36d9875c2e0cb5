import pytest

from gco_stream.core.shards import Lineage, ShardId
from gco_stream.core.source_health import SILENT_SECONDS, Phase, blind_since, health_of

NOW = 1000.0


def a_lineage(name: str = "a", *, silent_for: float = 0.0, awaits_children: bool = False) -> Lineage:
    return Lineage(shard=ShardId(name), awaits_children=awaits_children, seen=NOW - silent_for)


def test_a_stream_whose_lineages_were_all_read_lately_is_ready() -> None:
    health = health_of(Phase.FOLLOWING, (a_lineage("a"), a_lineage("b", silent_for=SILENT_SECONDS)), now=NOW)

    assert health.is_ready
    assert health.detail == "following the stream: 2 lineages"


def test_one_lineage_that_was_not_read_for_long_is_enough_not_to_be_ready() -> None:
    health = health_of(Phase.FOLLOWING, (a_lineage("a"), a_lineage("b", silent_for=SILENT_SECONDS + 1)), now=NOW)

    assert not health.is_ready
    assert health.detail == "b was not read for 31 s"


def test_a_lineage_that_ended_without_a_continuation_is_named() -> None:
    lineages = (a_lineage("a", silent_for=40), a_lineage("b", silent_for=50, awaits_children=True))

    health = health_of(Phase.FOLLOWING, lineages, now=NOW)

    assert health.detail == "b has ended and nothing continues it for 50 s, and 1 more"
    assert [lineage.shard for lineage in health.lineages] == ["b", "a"]


def test_a_stream_without_shards_is_not_ready() -> None:
    assert not health_of(Phase.FOLLOWING, (), now=NOW).is_ready


@pytest.mark.parametrize(
    ("phase", "is_ready"), [(Phase.TAKING_PLACE, False), (Phase.NO_STREAM, True), (Phase.NOT_WANTED, True)]
)
def test_only_a_stream_that_should_be_followed_and_is_not_makes_unready(phase: Phase, is_ready: bool) -> None:
    health = health_of(phase, (), now=NOW)

    assert health.is_ready is is_ready
    assert health.detail == phase.value


def test_the_blind_spot_begins_where_the_longest_unseen_lineage_was_last_seen() -> None:
    assert blind_since((a_lineage(silent_for=3), a_lineage(silent_for=8))) == NOW - 8
    assert blind_since(()) is None
