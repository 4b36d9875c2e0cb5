"""How a watch reads the API server's stream of lines."""

import pytest

from gco_stream.core.mirror import Listed, Shown
from gco_stream.core.projection import digest, digest_of_intent
from gco_stream.errors import Transient
from tests.builders import an_endpoint, container_of, deployment_of
from tests.shell.servers import Server
from tests.shell.watching import PATH, an_object, bookmark, failing, line, shape, streams, taken

pytestmark = pytest.mark.process


async def test_without_a_place_everything_is_listed_first_in_one_stream(server: Server) -> None:
    await taken(server, streams(bookmark(10, ends_list=True)), since=None)

    (asked,) = server.asked
    seconds = int(asked.query.pop("timeoutSeconds"))
    assert (asked.method, asked.path, asked.headers["Accept"]) == ("GET", PATH, "application/json")
    assert asked.query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    assert 300 <= seconds <= 600


async def test_with_a_place_nothing_is_listed(server: Server) -> None:
    await taken(server, streams(), since="4711")

    (asked,) = server.asked
    del asked.query["timeoutSeconds"]
    assert asked.query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "4711",
    }


async def test_the_list_comes_as_one_once_its_last_bookmark_has(server: Server) -> None:
    objects = [line("ADDED", an_object("a", version=3)), line("ADDED", an_object("b", version=4)), bookmark(9)]
    after = [bookmark(10, ends_list=True), line("ADDED", an_object("c", version=11)), bookmark(12)]

    events = await taken(server, streams(*objects, *after), since=None)

    assert shape(events) == [("Listed", "10"), ("Shown", "11"), ("Reached", "12")]
    assert isinstance(events[0], Listed)
    assert [projection["metadata"]["name"] for projection in events[0].projections] == ["a", "b"]


async def test_what_changes_while_the_list_is_under_way_is_in_it(server: Server) -> None:
    names = [line("ADDED", an_object(name, version=3)) for name in ("a", "b", "c")]
    changes = [line("MODIFIED", an_object("b", version=6)), line("DELETED", an_object("c", version=7))]

    (listed,) = await taken(server, streams(*names, *changes, bookmark(10, ends_list=True)), since=None)

    assert isinstance(listed, Listed)
    versions = {p["metadata"]["name"]: p["metadata"]["resourceVersion"] for p in listed.projections}
    assert versions == {"a": "3", "b": "6"}


async def test_an_empty_list_is_a_list(server: Server) -> None:
    assert await taken(server, streams(bookmark(10, ends_list=True)), since=None) == [Listed((), "10")]


@pytest.mark.parametrize("sent", [[], [line("ADDED", an_object())], [line("ADDED", an_object()), bookmark(10)]])
async def test_a_list_that_breaks_off_is_none(server: Server, sent: list[bytes]) -> None:
    events, failure = await failing(server, streams(*sent), since=None)

    assert events == []
    assert isinstance(failure, Transient)


async def test_every_change_is_told_with_what_it_is_of(server: Server) -> None:
    changes = [line(change, an_object(version=v)) for v, change in enumerate(("ADDED", "MODIFIED", "DELETED"), 11)]

    events = await taken(server, streams(*changes, bookmark(20)))

    assert shape(events) == [("Shown", "11"), ("Shown", "12"), ("Vanished", "13"), ("Reached", "20")]


async def test_only_a_projection_is_kept_and_it_compares_with_the_intent(server: Server) -> None:
    (event,) = await taken(server, streams(line("ADDED", an_object(variable="y"))))

    assert isinstance(event, Shown)
    assert digest(event.projection) == digest_of_intent(deployment_of(an_endpoint(env={"A": "y"})))
    assert "template" not in event.projection["spec"]


async def test_many_lines_in_one_piece_are_many_events(server: Server) -> None:
    lines = [line("MODIFIED", an_object(version=version)) for version in range(11, 61)]

    events = await taken(server, streams(b"\n".join(lines)))

    assert shape(events) == [("Shown", str(version)) for version in range(11, 61)]


async def test_lines_cut_anywhere_are_the_same_events(server: Server) -> None:
    text = line("MODIFIED", an_object(version=11, variable="ünï")) + bookmark(12)

    events = await taken(server, streams(*(text[i : i + 7] for i in range(0, len(text), 7))))

    assert shape(events) == [("Shown", "11"), ("Reached", "12")]


async def test_a_line_may_be_of_any_length(server: Server) -> None:
    live = an_object(version=11)
    container_of(live)["env"].append({"name": "THEIRS", "value": "x" * (10 * 2**20)})
    text = line("MODIFIED", live)

    events = await taken(server, streams(*(text[i : i + 2**15] for i in range(0, len(text), 2**15)), bookmark(12)))

    assert shape(events) == [("Shown", "11"), ("Reached", "12")]


async def test_a_line_that_is_cut_off_at_the_end_says_nothing(server: Server) -> None:
    events = await taken(server, streams(bookmark(12), line("DELETED", an_object(version=13))[:-20]))

    assert shape(events) == [("Reached", "12")]


async def test_a_server_that_ends_at_once_ends_the_watch(server: Server) -> None:
    assert await taken(server, streams()) == []
