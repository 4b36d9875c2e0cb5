"""``endpoint scale|stop|start|delete|set-image``."""

import json

import pytest

from tests.cli.commands import Shell
from tests.writers import Writers, a_spec

CHANGES = (
    ("scale", "chat", "3"),
    ("stop", "chat"),
    ("start", "chat"),
    ("delete", "chat", "--yes"),
    ("set-image", "chat", "acme/server:v2"),
)


@pytest.mark.parametrize(
    ("arguments", "out", "state"),
    [
        (CHANGES[0], "chat: scaled to 3\n", "stopped"),
        (CHANGES[1], "chat: stopped\n", "stopped"),
        (CHANGES[2], "chat: started\n", "running"),
        (CHANGES[3], "chat: marked for deletion\n", "deleted"),
        (CHANGES[4], "chat: image set to acme/server:v2\n", "deploying"),
    ],
    ids=[change[0] for change in CHANGES],
)
def test_a_change_is_written_and_said(
    shell: Shell, writers: Writers, arguments: tuple[str, ...], out: str, state: str
) -> None:
    writers.create("chat", a_spec(replicas=2), desired_state="stopped")

    ended = shell("endpoint", *arguments)

    item = writers.read("chat")
    assert (ended.code, ended.out) == (0, out)
    assert item is not None
    assert item["desired_state"] == state
    assert item["spec"]["replicas"] == (3 if arguments[0] == "scale" else 2)
    assert item["spec"]["image"] == ("acme/server:v2" if arguments[0] == "set-image" else a_spec()["image"])


@pytest.mark.parametrize("arguments", CHANGES, ids=[change[0] for change in CHANGES])
def test_an_endpoint_that_is_not_there_is_not_made(shell: Shell, writers: Writers, arguments: tuple[str, ...]) -> None:
    ended = shell("endpoint", *arguments)

    assert ended.code == 1
    assert ended.told[0].startswith("gco-stream: there is no endpoint 'chat' in table ")
    assert ended.told[1] == "gco-stream: hint: `gco-stream endpoint list` shows all"
    assert writers.read("chat") is None


def test_the_record_is_printed_for_programs(shell: Shell, writers: Writers) -> None:
    writers.create("chat")

    ended = shell("endpoint", "scale", "chat", "0", "-o", "json")

    assert json.loads(ended.out)["spec"]["replicas"] == 0


def test_a_broken_record_can_be_stopped_and_deleted_but_not_scaled(shell: Shell, writers: Writers) -> None:
    writers.create("chat", {"image": "", "port": "none"})

    scaled = shell("endpoint", "scale", "chat", "2")
    stopped = shell("endpoint", "stop", "chat")
    deleted = shell("endpoint", "delete", "chat", "--yes")

    assert (scaled.code, stopped.code, deleted.code) == (2, 0, 0)
    assert "spec.image" in scaled.err
    assert "spec.port" in scaled.err


@pytest.mark.parametrize("image", ["", "  "])
def test_an_image_that_is_none_is_refused(shell: Shell, writers: Writers, image: str) -> None:
    writers.create("chat")
    before = writers.read("chat")

    ended = shell("endpoint", "set-image", "chat", image)

    assert ended.code == 2
    assert "spec.image" in ended.err
    assert writers.read("chat") == before


@pytest.mark.behaviour("B31")
@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, True),
        ({"replicas": 2}, False),
        ({"gpu_count": 0}, False),
        ({"rollout": {"max_surge": 1, "max_unavailable": 0}}, False),
    ],
)
def test_a_time_without_a_server_is_said_with_what_avoids_it(
    shell: Shell, writers: Writers, spec: dict[str, object], said: bool
) -> None:
    writers.create("chat", a_spec(**spec))

    ended = shell("endpoint", "set-image", "chat", "acme/server:v2")

    assert ended.code == 0
    assert ("rollout {max_surge: 1, max_unavailable: 0}" in ended.err) is said


def test_scaling_under_autoscaling_says_what_that_means(shell: Shell, writers: Writers) -> None:
    writers.create("chat", a_spec(autoscaling={"enabled": True}))

    ended = shell("endpoint", "scale", "chat", "3")

    assert ended.code == 0
    assert "autoscaling is on" in ended.err


@pytest.mark.parametrize("replicas", ["-1", "many", "1.5"])
def test_a_count_that_is_none_is_wrong_usage(shell: Shell, replicas: str) -> None:
    assert shell("endpoint", "scale", "chat", "--", replicas).code == 2


class TestWaiting:
    """Without a controller, the known writers say what the regions say."""

    def test_ends_in_time_and_says_how_far_it_came(self, shell: Shell, writers: Writers) -> None:
        writers.create("chat")

        ended = shell("endpoint", "scale", "chat", "3", "--wait", "--timeout", "0.2")

        assert ended.code == 1
        assert "chat: us-east-1: no status yet" in ended.err
        assert "chat: not within 0.2 s: us-east-1: no status yet" in ended.err

    def test_ends_at_once_where_it_is_so_already(self, shell: Shell, writers: Writers) -> None:
        status = {"us-east-1": {"state": "stopped", "replicas_ready": 0, "replicas_desired": 0}}
        writers.create("chat", desired_state="stopped", region_status=status)

        ended = shell("endpoint", "stop", "chat", "--wait", "--timeout", "30")

        assert (ended.code, ended.out) == (0, "chat: stopped\n")
        assert ended.told == ["gco-stream: chat: us-east-1: stopped 0/0"]
