"""``endpoint show`` and ``endpoint list``."""

import json
from typing import Any

import pytest
import yaml

from tests.cli.commands import Shell
from tests.writers import Writers, a_spec

RUNNING: dict[str, Any] = {
    "state": "running",
    "replicas_ready": 2,
    "replicas_desired": 2,
    "published": True,
    "last_sync": "2026-03-01T12:00:00.000000+00:00",
}
BROKEN = {"state": "error", "error": "spec.port is 0: must be more", "reason": "InvalidRecord"}


def test_a_list_has_a_line_for_each_region(shell: Shell, writers: Writers) -> None:
    both = {"us-east-1": RUNNING, "eu-west-1": BROKEN}
    writers.create("chat", target_regions=["us-east-1", "eu-west-1"], region_status=both)
    writers.create("new")

    ended = shell("endpoint", "list")

    rows = [line.split() for line in ended.out.splitlines()]
    image = a_spec()["image"]
    assert ended.code == 0
    assert rows[0][:3] == ["NAME", "DESIRED", "REGION"]
    assert rows[1] == ["chat", "deploying", "eu-west-1", "error", "0/0", "-", image, "-", "InvalidRecord"]
    assert rows[2] == ["chat", "deploying", "us-east-1", "running", "2/2", "yes", image, "2026-03-01T12:00:00", "-"]
    assert rows[3] == ["new", "deploying", "us-east-1", "-", "-", "-", image, "-", "-"]


def test_a_list_for_programs_is_complete(shell: Shell, writers: Writers) -> None:
    writers.create("chat", a_spec(env={"TOKEN": "secret"}), region_status={"us-east-1": RUNNING})

    (item,) = json.loads(shell("endpoint", "list", "-o", "json").out)

    assert item == {**(writers.read("chat") or {}), "spec": {**a_spec(), "env": {"TOKEN": "secret"}}}
    assert yaml.safe_load(shell("endpoint", "list", "-o", "yaml").out)[0]["spec"] == item["spec"]


def test_fields_are_always_in_the_same_order(shell: Shell, writers: Writers) -> None:
    writers.create("chat", a_spec(zebra=1, replicas=2, ant=1), labels={}, own=1)

    document = json.loads(shell("endpoint", "show", "chat", "-o", "json").out)

    fields = ["endpoint_name", "desired_state", "target_regions", "namespace", "ingress_path", "labels", "spec"]
    assert list(document) == [*fields, "created_at", "own", "region_status", "updated_at"]
    assert list(document["spec"])[:2] == ["image", "port"]
    assert list(document["spec"])[-2:] == ["ant", "zebra"]


def test_an_empty_table_is_said_and_for_programs_an_empty_list(shell: Shell) -> None:
    assert shell("endpoint", "list").out == "no endpoints\n"
    assert shell("endpoint", "list", "-o", "json").out == "[]\n"


def test_records_that_make_no_sense_are_listed_all_the_same(shell: Shell, writers: Writers) -> None:
    writers.create("odd", desired_state=7, target_regions="everywhere", region_status=["x"], spec_of="none")

    ended = shell("endpoint", "list")
    shown = shell("endpoint", "show", "odd")

    assert (ended.code, shown.code) == (0, 0)
    assert "odd" in ended.out


def test_show_says_the_error_of_a_region_whole(shell: Shell, writers: Writers) -> None:
    writers.create("chat", region_status={"us-east-1": BROKEN})

    ended = shell("endpoint", "show", "chat")

    assert ended.code == 0
    assert "us-east-1: spec.port is 0: must be more" in ended.out


@pytest.mark.parametrize(("options", "is_shown"), [([], False), (["--show-secrets"], True)])
def test_show_hides_values_of_variables_unless_told_otherwise(
    shell: Shell, writers: Writers, options: list[str], is_shown: bool
) -> None:
    writers.create("chat", a_spec(env={"TOKEN": "secret-value"}))

    ended = shell("endpoint", "show", "chat", *options)

    assert "TOKEN" in ended.out
    assert ("secret-value" in ended.out) is is_shown


def test_show_of_nothing_is_no(shell: Shell) -> None:
    ended = shell("endpoint", "show", "chat", "-o", "json")

    assert (ended.code, ended.out) == (1, "")


def test_options_may_stand_before_the_command(shell: Shell, writers: Writers) -> None:
    writers.create("chat")

    assert json.loads(shell("-o", "json", "endpoint", "show", "chat").out)["endpoint_name"] == "chat"


def test_nothing_is_colored_or_cut_where_nobody_looks(shell: Shell, writers: Writers) -> None:
    long = "registry.example/" + "x" * 200
    writers.create("chat", a_spec(image=long), region_status={"us-east-1": RUNNING})

    ended = shell("endpoint", "list")

    assert long in ended.out
    assert "\x1b" not in ended.out
