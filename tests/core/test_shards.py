import pytest

from gco_stream.core.shards import After, Latest, Lineage, Shard, ShardId, Shards, TrimHorizon

NOW = 1000.0
HOUR = 3600.0


def sid(name: str) -> ShardId:
    return ShardId(name)


def shard(name: str, parent: str | None = None, *, closed: bool = False) -> Shard:
    return Shard(id=sid(name), parent=None if parent is None else sid(parent), closed=closed)


def started(*described: Shard) -> Shards:
    shards = Shards()
    shards.start(described, now=NOW)
    return shards


def test_only_leaves_of_the_first_discovery_are_read_and_from_latest() -> None:
    shards = started(
        shard("root", closed=True), shard("left", "root", closed=True), shard("leaf", "left"), shard("right", "root")
    )

    assert shards.due() == {"leaf": Latest(), "right": Latest()}
    assert shards.due() == {}


def test_a_closed_leaf_is_read_from_latest_too() -> None:
    assert started(shard("leaf", closed=True)).due() == {"leaf": Latest()}


def test_a_leaf_whose_parent_is_not_listed_is_read_from_latest() -> None:
    assert started(shard("leaf", "aged out")).due() == {"leaf": Latest()}


def test_a_child_waits_for_its_parents_end_and_is_read_from_its_beginning() -> None:
    shards = started(shard("parent"))
    shards.due()

    shards.discover([shard("parent", closed=True), shard("child", "parent")], now=NOW)
    assert shards.due() == {}

    shards.finish(sid("parent"), now=NOW)
    assert shards.due() == {"child": TrimHorizon()}


def test_a_chain_that_appears_at_once_is_read_link_by_link() -> None:
    shards = started(shard("a"))
    shards.due()
    shards.discover([shard("c", "b"), shard("b", "a", closed=True), shard("d", "c")], now=NOW)

    for link, following in (("a", "b"), ("b", "c"), ("c", "d")):
        assert shards.due() == {}
        shards.finish(sid(link), now=NOW)
        assert shards.due() == {following: TrimHorizon()}


def test_a_root_that_appears_late_is_read_from_its_beginning() -> None:
    shards = started(shard("a"))
    shards.due()

    shards.discover([shard("a"), shard("late")], now=NOW)

    assert shards.due() == {"late": TrimHorizon()}


def test_a_child_whose_parent_six_listings_do_not_show_does_not_wait_for_it() -> None:
    shards = started(shard("a"))
    shards.due()

    for _ in range(5):
        shards.discover([shard("a"), shard("child", "aged out")], now=NOW)
        assert shards.due() == {}
        assert shards.lack_parents()
    shards.discover([shard("a"), shard("child", "aged out")], now=NOW)

    assert shards.due() == {"child": TrimHorizon()}
    assert not shards.lack_parents()


def test_a_parent_that_is_listed_after_its_child_is_still_read_before_it() -> None:
    shards = started(shard("a"))
    shards.due()
    shards.finish(sid("a"), now=NOW)

    shards.discover([shard("a"), shard("c", "b")], now=NOW)
    assert shards.due() == {}
    shards.discover([shard("a"), shard("b", "a"), shard("c", "b")], now=NOW)
    assert shards.due() == {"b": TrimHorizon()}
    shards.finish(sid("b"), now=NOW)

    assert shards.due() == {"c": TrimHorizon()}


def test_reading_goes_on_after_the_last_record_that_was_handed_over() -> None:
    shards = started(shard("a"))
    assert shards.position(sid("a")) == Latest()

    shards.advance(sid("a"), "111", now=NOW)

    assert shards.position(sid("a")) == After("111")


def test_a_shard_wants_children_from_its_end_until_they_are_listed() -> None:
    shards = started(shard("a"))
    assert not shards.wants_children(sid("a"))
    shards.finish(sid("a"), now=NOW)
    assert shards.wants_children(sid("a"))

    shards.discover([shard("b", "a")], now=NOW)

    assert not shards.wants_children(sid("a"))


def test_a_shard_that_ended_though_it_is_open_goes_on_after_its_last_record() -> None:
    shards = started(shard("a"))
    shards.advance(sid("a"), "111", now=NOW)
    shards.finish(sid("a"), now=NOW)

    shards.reopen([shard("a")])

    assert shards.due() == {"a": After("111")}


def test_a_shard_that_ended_before_anything_was_read_goes_on_from_its_beginning() -> None:
    shards = started(shard("a"))
    shards.finish(sid("a"), now=NOW)

    shards.reopen([shard("a")])

    assert shards.due() == {"a": TrimHorizon()}


@pytest.mark.parametrize("listed", [[shard("a", closed=True)], [shard("a"), shard("b", "a")]])
def test_a_shard_that_is_closed_or_has_children_stays_finished(listed: list[Shard]) -> None:
    shards = started(shard("a"))
    shards.finish(sid("a"), now=NOW)
    shards.discover(listed, now=NOW)

    shards.reopen(listed)

    assert "a" not in shards.due()


@pytest.mark.parametrize("hours", [0, 1, 24, 48])
def test_a_finished_shard_is_never_opened_again_for_48_hours(hours: int) -> None:
    shards = started(shard("root", closed=True), shard("a", "root", closed=True))
    shards.due()
    shards.finish(sid("a"), now=NOW)

    later = NOW + hours * HOUR
    shards.discover([], now=later)
    shards.discover([shard("root", closed=True), shard("a", "root", closed=True)], now=later)

    assert shards.due() == {}


def test_what_is_long_finished_and_no_longer_listed_is_forgotten() -> None:
    shards = started(shard("a"))
    shards.due()
    for number in range(500):
        now = NOW + number * HOUR
        shards.finish(sid("a") if number == 0 else sid(f"s{number - 1}"), now=now)
        shards.discover([shard(f"s{number}", "a" if number == 0 else f"s{number - 1}")], now=now)
        shards.due()

    assert len(shards) < 52


def test_what_is_listed_for_ever_is_remembered_and_never_read_again() -> None:
    shards = started(shard("root", closed=True), shard("a", "root"))
    shards.due()

    for number in range(1, 200):
        shards.discover([shard("root", closed=True), shard("a", "root")], now=NOW + number * HOUR)

    assert shards.due() == {}


def test_a_lineage_was_seen_when_its_shard_was_last_read() -> None:
    shards = started(shard("a"), shard("b"))
    shards.due()

    shards.advance(sid("a"), None, now=NOW + 5)
    shards.advance(sid("b"), "1", now=NOW + 7)

    assert {(lineage.shard, lineage.seen) for lineage in shards.lineages()} == {("a", NOW + 5), ("b", NOW + 7)}


def test_a_lineage_without_a_continuation_was_seen_when_it_ended() -> None:
    shards = started(shard("a", closed=True))
    shards.due()

    shards.finish(sid("a"), now=NOW + 3)

    assert shards.lineages() == (Lineage(shard=sid("a"), awaits_children=True, seen=NOW + 3),)


def test_a_child_that_waits_for_its_parent_belongs_to_the_parents_lineage() -> None:
    shards = started(shard("a"))
    shards.due()
    shards.discover([shard("b", "a"), shard("c", "b")], now=NOW)
    assert [lineage.shard for lineage in shards.lineages()] == ["a"]

    shards.finish(sid("a"), now=NOW + 90)
    shards.due()

    assert shards.lineages() == (Lineage(shard=sid("b"), awaits_children=False, seen=NOW + 90),)


def test_a_child_that_was_listed_late_was_last_seen_when_its_parent_ended() -> None:
    shards = started(shard("a"))
    shards.due()
    shards.finish(sid("a"), now=NOW + 1)

    shards.discover([shard("b", "a")], now=NOW + 120)
    shards.due()

    assert shards.lineages() == (Lineage(shard=sid("b"), awaits_children=False, seen=NOW + 1),)


@pytest.mark.parametrize(("hours", "lost"), [(22, False), (24, True)])
def test_a_child_that_is_found_a_day_after_its_parents_end_may_have_lost_records(hours: int, lost: bool) -> None:
    shards = started(shard("a"))
    shards.due()
    shards.finish(sid("a"), now=NOW)

    now = NOW + hours * HOUR
    shards.discover([shard("b", "a")], now=now)
    shards.due()

    assert shards.may_have_lost(sid("b"), now=now) is lost


def test_a_root_that_is_found_a_day_after_the_last_description_may_have_lost_records() -> None:
    shards = started(shard("a"))
    shards.due()

    shards.discover([shard("a"), shard("early")], now=NOW + 60)
    shards.discover([shard("a"), shard("late")], now=NOW + 25 * HOUR)

    assert not shards.may_have_lost(sid("early"), now=NOW + 60)
    assert shards.may_have_lost(sid("late"), now=NOW + 25 * HOUR)


def test_after_a_record_that_is_gone_the_service_itself_tells_of_lost_ones() -> None:
    shards = started(shard("a"))
    shards.due()

    shards.advance(sid("a"), "111", now=NOW)

    assert not shards.may_have_lost(sid("a"), now=NOW + 25 * HOUR)
