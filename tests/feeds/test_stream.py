"""How the stream is followed: nothing is missed, nothing wakes anybody for nothing."""

import pytest

from gco_stream.core.models import EndpointName
from tests.fakes.line import soon
from tests.feeds.following import REGION, a_change, a_following, once_following, running

pytestmark = pytest.mark.looptime

LLAMA = EndpointName("llama")


async def test_a_change_is_looked_at_within_two_polls() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.records.put(a_change(1))
        await following.for_seconds(0.5)

        assert following.seen == ["llama"]


async def test_the_place_is_taken_before_the_scan() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        operations = following.line.operations()
        assert operations[:3] == ["locate", "describe", "open"]
        assert operations.index("open") < operations.index("scan")


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("step", range(12))
async def test_a_change_between_any_two_steps_of_the_start_is_looked_at(step: int) -> None:
    following = a_following()
    following.stream.grow()
    for name in ("a", "b", "c", "llama"):
        following.records.put(a_change(1, name))
    following.records.page_size = 2
    following.line.meanwhile(step, lambda: following.records.put(a_change(2)))

    async with running(following):
        await soon(lambda: following.line.count("read") >= 10 and following.records.items["llama"]["version"] == 2)

        assert following.is_up_to_date()


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("step", range(12))
async def test_a_removal_between_any_two_steps_of_the_start_is_looked_at(step: int) -> None:
    following = a_following()
    following.records.put(a_change(1))
    following.line.meanwhile(step, lambda: following.records.remove("llama"))

    async with running(following):
        await soon(lambda: following.line.count("read") >= 10 and not following.records.items)

        assert following.is_up_to_date()


@pytest.mark.hazard("H13")
async def test_empty_pages_do_not_stop_a_reader() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.empty_pages = 6
        following.records.put(a_change(1))
        await following.for_seconds(2.5)

        assert following.seen == ["llama"]


async def test_a_shard_is_read_at_most_four_times_a_second() -> None:
    following = a_following()
    following.stream.page_size = 1

    async with running(following):
        await once_following(following)
        for number in range(200):
            following.stream.tell(EndpointName(f"e{number}"))
        await following.for_seconds(30)

    times = [call.at for call in following.line.calls if call.operation == "read"]
    assert len(times) > 100
    assert all(later - earlier > 1 - 1e-6 for earlier, later in zip(times, times[4:], strict=False))


async def test_an_idle_shard_is_read_four_times_a_second_and_nothing_else_is_asked() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        before = len(following.line.calls)

        await following.for_seconds(50)

        asked = following.line.operations()[before:]
        assert set(asked) == {"read"}
        assert 195 <= len(asked) <= 201


@pytest.mark.hazard("H28")
async def test_our_own_status_wakes_nobody_and_neither_does_anothers_while_running() -> None:
    following = a_following()
    following.records.put(a_change(1))

    async with running(following):
        await once_following(following)
        await following.for_seconds(1)
        following.seen.clear()

        for region in (REGION, "eu-west-1"):
            for ready in range(5):
                item = await following.records.get(LLAMA)
                assert item is not None
                await following.records.write_status(item, region, {"state": "running", "replicas_ready": ready})
        await following.for_seconds(2)

        assert following.seen == []


async def test_a_record_that_cannot_be_understood_is_a_look() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.tell(LLAMA, before=None, after=None)
        await following.for_seconds(1)

        assert following.seen == ["llama"]


async def test_a_poor_view_type_is_said() -> None:
    following = a_following()
    following.stream.view = "KEYS_ONLY"

    async with running(following):
        await once_following(following)
        following.stream.tell(LLAMA)
        await following.for_seconds(1)

        assert following.seen == ["llama"]
