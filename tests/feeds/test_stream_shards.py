"""Shards that close, split, and show up late."""

import pytest

from gco_stream.core.models import EndpointName
from tests.fakes.line import soon
from tests.feeds.following import a_following, names, once_following, running

pytestmark = pytest.mark.looptime

LLAMA = EndpointName("llama")


async def test_every_leaf_is_read_and_no_ancestor() -> None:
    following = a_following()
    root = following.stream.leaf
    first, second = following.stream.roll(root, into=2)
    (third,) = following.stream.roll(second)

    async with running(following):
        await once_following(following)

        assert following.line.count("open", root) == following.line.count("open", second) == 0
        assert following.line.count("open", first) == following.line.count("open", third) == 1


@pytest.mark.hazard("H6")
async def test_a_closed_leaf_is_waited_on_until_its_child_shows() -> None:
    following = a_following()
    (child,) = following.stream.roll(following.stream.leaf, listed=False)

    async with running(following):
        await soon(following.scans)
        following.stream.tell(LLAMA, shard=child)
        await following.for_seconds(20)
        following.stream.list_again(child)
        await following.for_seconds(7)

        assert following.seen == ["llama"]


@pytest.mark.hazard("H1")
@pytest.mark.hazard("H3")
async def test_a_child_is_read_from_its_beginning_and_after_its_parents_last_record() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        parent = following.stream.leaf
        following.stream.page_size = 1
        told = names(6)

        for name in told[:3]:
            following.stream.tell(name)
        following.stream.roll(parent)
        for name in told[3:]:
            following.stream.tell(name)
        await following.for_seconds(5)

        assert following.seen == told


@pytest.mark.hazard("H1")
async def test_a_child_that_is_listed_while_its_parent_is_still_read_waits_for_its_turn() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.stream.page_size = 1
        told = names(320)

        for name in told[:300]:
            following.stream.tell(name)
        following.stream.roll(following.stream.leaf)
        for name in told[300:]:
            following.stream.tell(name)
        await following.for_seconds(90)

        assert following.line.count("describe") > 1
        assert following.seen == told


@pytest.mark.hazard("H2")
async def test_records_on_the_last_page_of_a_closed_shard_are_looked_at() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.tell(LLAMA)
        following.stream.roll(following.stream.leaf)
        await following.for_seconds(1)

        assert following.seen == ["llama"]


@pytest.mark.hazard("H3")
@pytest.mark.hazard("H4")
@pytest.mark.parametrize("seconds", [0, 3, 30, 120])
async def test_children_that_are_listed_late_are_found_and_lose_nothing(seconds: float) -> None:
    async with running(a_following()) as following:
        await once_following(following)

        (child,) = following.stream.roll(following.stream.leaf, listed=False)
        following.stream.tell(LLAMA)
        await following.for_seconds(seconds)
        following.stream.list_again(child)
        await following.for_seconds(7)

        assert following.seen == ["llama"]
        assert following.scans() == 1


async def test_a_split_is_followed_on_both_sides() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        first, second = following.stream.roll(following.stream.leaf, into=2)
        await following.for_seconds(2)
        following.stream.tell(EndpointName("left"), shard=first)
        following.stream.tell(EndpointName("right"), shard=second)
        await following.for_seconds(1)

        assert sorted(following.seen) == ["left", "right"]


async def test_a_chain_of_three_in_one_poll_is_followed_to_its_end() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        for number in range(3):
            following.stream.tell(EndpointName(f"e{number}"))
            following.stream.roll(following.stream.leaf)
        following.stream.tell(EndpointName("e3"))
        await following.for_seconds(4)

        assert following.seen == ["e0", "e1", "e2", "e3"]


@pytest.mark.hazard("H18")
async def test_a_root_that_nobody_announces_is_read_from_its_beginning() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        root = following.stream.grow()
        following.stream.tell(LLAMA, shard=root)
        await following.for_seconds(70)

        assert following.seen == ["llama"]


async def test_a_rotation_costs_less_than_a_second_and_one_question() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.line.latency = 0.03
        await following.for_seconds(1)
        asked = following.line.count("describe")

        (child,) = following.stream.roll(following.stream.leaf)
        following.stream.tell(LLAMA, shard=child)
        await soon(lambda: following.seen == ["llama"], within=0.5)

        assert following.line.count("describe") == asked + 1


async def test_many_rotations_at_once_cost_less_than_a_second_each_and_keep_the_pace() -> None:
    following = a_following()
    for _ in range(3):
        following.stream.grow()

    async with running(following):
        await once_following(following)
        children = [child for root in following.stream.open_shards for child in following.stream.roll(root)]
        for number, child in enumerate(children):
            following.stream.tell(EndpointName(f"e{number}"), shard=child)

        await soon(lambda: len(following.seen) == 4, within=1)

        assert following.fastest("describe") <= 10


@pytest.mark.hazard("H4")
async def test_children_that_are_hidden_cost_a_question_a_second_at_the_most() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.roll(following.stream.leaf, listed=False)
        await following.for_seconds(10)
        before = following.line.count("describe")
        await following.for_seconds(100)

        assert following.line.count("describe") - before <= 105


@pytest.mark.hazard("H19")
async def test_a_sibling_that_is_listed_after_the_other_is_found_within_seconds() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        first, second = following.stream.roll(following.stream.leaf, into=2)
        following.stream.unlist(second)
        following.stream.tell(EndpointName("left"), shard=first)
        following.stream.tell(EndpointName("right"), shard=second)
        await following.for_seconds(2)
        following.stream.list_again(second)
        await following.for_seconds(10)

        assert following.seen == ["left", "right"]


@pytest.mark.hazard("H19")
async def test_children_of_a_split_are_read_side_by_side_each_key_in_order() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.stream.page_size = 1
        root = following.stream.leaf

        following.stream.tell(EndpointName("left0"))
        following.stream.tell(EndpointName("right0"))
        sides = dict(zip(("left", "right"), following.stream.roll(root, into=2), strict=True))
        for number in range(1, 21):
            for side, shard in sides.items():
                following.stream.tell(EndpointName(f"{side}{number}"), shard=shard)
        await following.for_seconds(7)

        for side in sides:
            assert [name for name in following.seen if name.startswith(side)] == names(21, prefix=side)
