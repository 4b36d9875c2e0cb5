"""``endpoint canary|promote|rollback`` and ``endpoint add-region|remove-region|forget-region``."""

import pytest

from tests.cli.commands import Shell
from tests.writers import Writers, a_spec

V2 = "acme/server:v2"


def test_a_canary_lives_and_is_promoted(shell: Shell, writers: Writers) -> None:
    writers.create("chat", a_spec(replicas=2), desired_state="running")

    begun = shell("endpoint", "canary", "chat", V2, "--weight", "5")
    more = shell("endpoint", "canary", "chat", "--weight", "50")
    promoted = shell("endpoint", "promote", "chat")

    item = writers.read("chat")
    assert item is not None
    assert (begun.code, more.code, promoted.code) == (0, 0, 0)
    assert (begun.out, more.out) == (f"chat: canary of {V2} set to 5 %\n", "chat: canary set to 50 %\n")
    assert promoted.out == "chat: canary promoted\n"
    assert (item["spec"]["image"], item["spec"]["replicas"], "canary" in item["spec"]) == (V2, 2, False)


def test_a_canary_is_rolled_back(shell: Shell, writers: Writers) -> None:
    writers.create("chat", a_spec(canary={"image": V2}))

    assert shell("endpoint", "rollback", "chat").out == "chat: canary ended\n"

    item = writers.read("chat")
    assert item is not None
    assert (item["spec"]["image"], "canary" in item["spec"]) == (a_spec()["image"], False)


def test_a_promotion_says_which_regions_have_no_ready_canary(shell: Shell, writers: Writers) -> None:
    status = {"us-east-1": {"state": "running", "canary": {"replicas_ready": 0}}}
    writers.create("chat", a_spec(canary={"image": V2}), region_status=status)

    ended = shell("endpoint", "promote", "chat")

    assert ended.code == 0
    assert ended.told[0] == "gco-stream: note: chat: us-east-1 reports no ready replica of the canary"


@pytest.mark.parametrize("end", ["promote", "rollback"])
def test_without_a_canary_nothing_is_written(shell: Shell, writers: Writers, end: str) -> None:
    writers.create("chat")
    before = writers.read("chat")

    ended = shell("endpoint", end, "chat")

    assert (ended.code, ended.out) == (1, "")
    assert ended.told[0] == "gco-stream: chat has no canary"
    assert writers.read("chat") == before


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((V2, "--weight", "0"), "spec.canary.weight"), ((V2, "--replicas", "-1"), "replicas"), ((), "say its image")],
)
def test_a_canary_that_is_none_is_refused(
    shell: Shell, writers: Writers, arguments: tuple[str, ...], field: str
) -> None:
    writers.create("chat")
    before = writers.read("chat")

    ended = shell("endpoint", "canary", "chat", *arguments)

    assert ended.code == 2
    assert field in ended.err
    assert writers.read("chat") == before


def test_that_a_stopped_endpoint_starts_with_a_new_version_is_said(shell: Shell, writers: Writers) -> None:
    writers.create("chat", desired_state="stopped")

    ended = shell("endpoint", "set-image", "chat", V2)

    assert ended.told[0] == "gco-stream: note: it was stopped: it is started with this"


def test_regions_come_go_and_are_forgotten(shell: Shell, writers: Writers) -> None:
    writers.create("chat", region_status={"eu-west-1": {"state": "running"}})

    added = shell("endpoint", "add-region", "chat", "eu-west-1")
    again = shell("endpoint", "add-region", "chat", "eu-west-1")
    early = shell("endpoint", "forget-region", "chat", "eu-west-1", "--yes")
    removed = shell("endpoint", "remove-region", "chat", "eu-west-1")
    forgotten = shell("endpoint", "forget-region", "chat", "eu-west-1", "--yes")

    item = writers.read("chat")
    assert item is not None
    assert [one.code for one in (added, again, early, removed, forgotten)] == [0, 0, 2, 0, 0]
    assert added.out == "chat: to run in eu-west-1\n"
    assert again.out == "chat: unchanged, it is so already\n"
    assert "remove-region chat eu-west-1` first" in early.err
    assert (item["target_regions"], item["region_status"]) == (["us-east-1"], {})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add-region", "chat", "us-esat"), "REGION is 'us-esat': must be a region such as 'us-east-1'"),
        (("remove-region", "chat", "us-east-1"), "is the last one: stop or delete the endpoint instead"),
    ],
)
def test_regions_that_cannot_be_are_refused(
    shell: Shell, writers: Writers, arguments: tuple[str, ...], told: str
) -> None:
    writers.create("chat")
    before = writers.read("chat")

    ended = shell("endpoint", *arguments)

    assert ended.code == 2
    assert told in ended.err
    assert writers.read("chat") == before
