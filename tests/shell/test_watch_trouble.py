"""What a watch makes of streams that go wrong."""

import asyncio
from inspect import signature

import pytest

from gco_stream.core.mirror import Reached
from gco_stream.errors import Denied, Refused, StreamGap, Transient
from gco_stream.shell.watch import watch
from tests.shell.servers import Reply, Server, breaks_off, hangs_up, says
from tests.shell.watching import an_object, bookmark, error, events_of, failing, line, shape, streams, taken

pytestmark = pytest.mark.process


@pytest.mark.parametrize("since", [None, "10"])
async def test_a_place_that_is_too_old_is_a_gap(server: Server, since: str | None) -> None:
    _, failure = await failing(server, streams(error(410, "too old resource version: 1 (9)")), since=since)

    assert isinstance(failure, StreamGap)
    assert "too old resource version" in str(failure)


async def test_what_came_before_an_error_is_told(server: Server) -> None:
    events, failure = await failing(server, streams(line("ADDED", an_object(version=11)), error(410)))

    assert (shape(events), type(failure)) == ([("Shown", "11")], StreamGap)


TRANSIENT = {
    "error event": streams(error(500, "etcdserver: leader changed")),
    "error event without a word": streams(line("ERROR", {})),
    "plain text": streams(b"upstream connect error or disconnect/reset before headers\n"),
    "a number": streams(b"7\n"),
    "no event": streams(b'{"kind": "Status"}\n'),
    "an event of nothing": streams(b'{"type": "MODIFIED", "object": null}\n'),
    "an event of a stranger": streams(b'{"type": "MODIFIED", "object": {}}\n'),
    "a bookmark without a version": streams(b'{"type": "BOOKMARK", "object": {"metadata": {}}}\n'),
    "an error that is no object": streams(b'{"type": "ERROR", "object": "gone"}\n'),
    "not UTF-8": streams(b"\xff\xfe\n"),
    "a connection that breaks off": breaks_off(bookmark(11)),
    "a connection that is closed": hangs_up(),
    "503": says("no backend", status=503),
    "500": says({"kind": "Status", "message": "no leader", "code": 500}, status=500),
    "504": says({"kind": "Status", "message": "Too large resource version", "code": 504}, status=504),
    "a proxy's 404": says("no such page", status=404),
}


@pytest.mark.parametrize("since", [None, "10"])
@pytest.mark.parametrize("reply", TRANSIENT.values(), ids=TRANSIENT)
async def test_whatever_may_cure_itself_is_transient(server: Server, reply: Reply, since: str | None) -> None:
    _, failure = await failing(server, reply, since=since)

    assert isinstance(failure, Transient)


async def test_a_server_that_is_not_there_is_transient(server: Server) -> None:
    server.url = "http://127.0.0.1:9"

    _, failure = await failing(server, streams())

    assert isinstance(failure, Transient)


async def test_a_410_for_an_answer_is_a_gap_too(server: Server) -> None:
    _, failure = await failing(server, says({"kind": "Status", "reason": "Expired", "code": 410}, status=410))

    assert isinstance(failure, StreamGap)


async def test_a_missing_permission_is_named(server: Server) -> None:
    message = "deployments.apps is forbidden: cannot watch"

    _, failure = await failing(server, says({"kind": "Status", "message": message, "code": 403}, status=403))

    assert isinstance(failure, Denied)
    assert message in str(failure)


async def test_a_server_that_asks_for_patience_is_told_on(server: Server) -> None:
    _, failure = await failing(server, says("busy", status=429, headers={"Retry-After": "7"}))

    assert isinstance(failure, Transient)
    assert failure.retry_after == 7


async def test_a_server_too_old_for_lists_in_a_stream_refuses(server: Server) -> None:
    forbidden = {"kind": "Status", "reason": "Invalid", "message": "sendInitialEvents: Forbidden", "code": 422}

    _, failure = await failing(server, says(forbidden, status=422), since=None)

    assert isinstance(failure, Refused)


@pytest.mark.parametrize("sent", [[b" "], [bookmark(11)], [b'{"type": "MOD']], ids=["head", "bookmark", "part"])
@pytest.mark.parametrize("since", [None, "10"])
async def test_silence_ends_a_watch(server: Server, sent: list[bytes], since: str | None) -> None:
    server.will(streams(*sent, seconds=5))

    async with asyncio.timeout(2), events_of(server, since=since, silence=0.1) as events:
        with pytest.raises(Transient):
            [event async for event in events]


async def test_a_server_that_says_nothing_at_all_about_a_place_may_have_yet_to_reach_it(server: Server) -> None:
    server.will(streams(seconds=5))

    async with asyncio.timeout(2), events_of(server, since="4711", silence=0.1) as events:
        with pytest.raises(StreamGap, match="from 4711 on"):
            [event async for event in events]


async def test_a_list_that_never_begins_is_no_gap(server: Server) -> None:
    server.will(streams(seconds=5))

    async with asyncio.timeout(2), events_of(server, since=None, silence=0.1) as events:
        with pytest.raises(Transient):
            [event async for event in events]


def test_silence_is_noticed_before_80_seconds_and_after_a_bookmark_is_due() -> None:
    """The server sends a bookmark every 60 seconds."""
    assert 62 <= signature(watch).parameters["silence"].default.total_seconds() <= 78


async def test_a_bookmark_now_and_then_is_no_silence(server: Server) -> None:
    server.will(streams(*(bookmark(version) for version in range(11, 19)), pause=0.05))

    async with events_of(server, silence=0.3) as events:
        assert len([event async for event in events]) == 8


async def test_a_server_that_never_answers_is_given_up(server: Server) -> None:
    server.will(server.hang)

    async with asyncio.timeout(2), events_of(server, timeout=0.1) as events:
        with pytest.raises(Transient):
            await anext(events)


async def test_a_watch_that_nobody_reads_any_more_is_closed(server: Server) -> None:
    server.will(streams(bookmark(11), seconds=5), streams(bookmark(12)))

    async with asyncio.timeout(2):
        async with events_of(server) as events:
            assert await anext(events) == Reached("11")
        assert shape(await taken(server, streams(bookmark(12)))) == [("Reached", "12")]
