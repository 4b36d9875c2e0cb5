"""What holds however little of a stream's shards is listed, and in whatever order they are read to their ends."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.shards import Latest, Position, Shard, ShardId, Shards, TrimHorizon
from tests.core.test_shards import NOW, shard


@st.composite
def forests(draw: st.DrawFn) -> list[Shard]:
    """Shards in the order of their birth; each has at most one parent, born before it."""
    size = draw(st.integers(1, 10))
    parents = [draw(st.none() | st.integers(0, place - 1)) if place else None for place in range(size)]
    return [shard(f"s{place}", None if parent is None else f"s{parent}") for place, parent in enumerate(parents)]


def opened_in(shards: Shards, order: list[ShardId], *, expected: Mapping[ShardId, ShardId | None]) -> list[ShardId]:
    """Open what is due, and hold it to the rules."""
    due: Mapping[ShardId, Position] = shards.due()
    for name in due:
        assert name not in order, "opened twice"
        assert not (due.keys() & {expected[name]}), "opened together with its parent"
    order.extend(due)
    return list(due)


@given(forest=forests(), data=st.data())
def test_every_shard_is_read_once_after_its_parent_however_little_is_listed(
    forest: list[Shard], data: st.DataObject
) -> None:
    parents = {one.id: one.parent for one in forest}
    first = data.draw(st.sets(st.sampled_from(forest)), label="first")
    shards, order, finished, listed = Shards(), list[ShardId](), set[ShardId](), {one.id for one in first}
    shards.start(first, now=NOW)
    ancestors = {one.parent for one in first} & listed

    for turn in range(len(forest) + 5):
        for name in opened_in(shards, order, expected=parents):
            parent = parents[name]
            assert parent is None or parent not in listed or parent in finished | ancestors
            assert shards.position(name) == (Latest() if name in {one.id for one in first} else TrimHorizon())
        reading = [name for name in order if name not in finished]
        for name in data.draw(st.sets(st.sampled_from(reading))) if reading else ():
            shards.finish(name, now=NOW)
            finished.add(name)
        seen = forest if turn > 2 else data.draw(st.sets(st.sampled_from(forest)), label="listed")
        shards.discover(seen, now=NOW)
        listed |= {one.id for one in seen}
        if turn > 2:
            for name in [name for name in order if name not in finished]:
                shards.finish(name, now=NOW)
                finished.add(name)

    assert set(order) == parents.keys() - ancestors
