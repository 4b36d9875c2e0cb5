"""``endpoint create`` and ``endpoint apply``."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.commands import Shell, gco_stream
from tests.world.site import Site
from tests.writers import Writers

IMAGE = "acme/server:v1"


def a_record(name: str = "chat", **fields: Any) -> dict[str, Any]:
    return {"endpoint_name": name, "target_regions": ["us-east-1"], "spec": {"image": IMAGE}, **fields}


def file_with(folder: Path, *records: object, name: str = "records.yaml") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump_all(records) if name.endswith("yaml") else json.dumps(records[0]))
    return str(path)


def test_an_endpoint_is_made_of_options(shell: Shell, writers: Writers, site: Site) -> None:
    ended = shell(
        *("endpoint", "create", "chat", "--image", IMAGE, "--replicas", "2", "--gpu-count", "0", "--port", "9000"),
        *("--env", "A=1", "--env", "B=x=y", "--arg=--model", "--arg", "m", "--region", "eu-west-1"),
    )

    assert (ended.code, ended.out) == (0, "chat: created\n")
    item = writers.read("chat")
    assert item is not None
    spec = {"image": IMAGE, "replicas": 2, "gpu_count": 0, "port": 9000, "args": ["--model", "m"]}
    assert item["spec"] == {**spec, "env": {"A": "1", "B": "x=y"}}
    assert item["target_regions"] == ["eu-west-1"]
    assert (item["desired_state"], item["region_status"], item["namespace"]) == ("deploying", {}, site.namespace)


def test_an_endpoint_that_exists_is_left_as_it_is(shell: Shell, writers: Writers) -> None:
    writers.create("chat")
    before = writers.read("chat")

    ended = shell("endpoint", "create", "chat", "--image", IMAGE)

    assert ended.code == 1
    assert ended.told[0].startswith("gco-stream: chat exists already")
    assert ended.told[1].startswith("gco-stream: hint: ")
    assert writers.read("chat") == before


@pytest.mark.behaviour("B34")
def test_what_is_wrong_with_autoscaling_that_is_off_is_told_and_stops_nothing(
    shell: Shell, writers: Writers, tmp_path: Path
) -> None:
    record = a_record(spec={"image": IMAGE, "autoscaling": {"enabled": False, "min_replicas": 0}})

    ended = shell("endpoint", "create", "-f", file_with(tmp_path, record))

    assert (ended.code, ended.out) == (0, "chat: created\n")
    assert "chat: with autoscaling on this would be wrong: spec.autoscaling.min_replicas is 0" in ended.err


@pytest.mark.parametrize("name", ["records.json", "records.yaml"])
def test_a_file_may_hold_several_records(shell: Shell, writers: Writers, tmp_path: Path, name: str) -> None:
    both = [a_record("a"), a_record("b")]

    ended = shell("endpoint", "create", "-f", file_with(tmp_path, both, name=name))

    assert ended.code == 0, ended.err
    assert writers.read("a") is not None
    assert writers.read("b") is not None


def test_a_record_comes_from_stdin_and_options_go_before_it(shell: Shell, writers: Writers) -> None:
    ended = shell("endpoint", "create", "-f", "-", "--replicas", "3", stdin=json.dumps(a_record()))

    assert ended.code == 0, ended.err
    assert (writers.read("chat") or {})["spec"] == {"image": IMAGE, "replicas": 3}


def test_every_problem_of_every_record_is_told_and_nothing_is_written(
    shell: Shell, writers: Writers, tmp_path: Path
) -> None:
    broken = a_record("b", spec={"port": 70000, "replicas": -1}, target_regions=[], ingress_path="/")

    ended = shell("endpoint", "create", "-f", file_with(tmp_path, a_record("a"), broken, a_record("Wrong_Name")))

    assert ended.code == 2
    told = " ".join(ended.told)
    for field in ("b: spec.port", "b: spec.replicas", "b: spec.image", "b: target_regions", "b: ingress_path"):
        assert field in told
    assert "Wrong_Name: endpoint_name" in told
    assert writers.scan()["Items"] == []


def test_a_field_that_nobody_knows_is_kept_and_named(shell: Shell, writers: Writers, tmp_path: Path) -> None:
    file = file_with(tmp_path, a_record(spec={"image": IMAGE, "replica": 3}))

    ended = shell("endpoint", "create", "-f", file)

    assert ended.code == 0
    assert "spec.replica " in ended.err
    assert (writers.read("chat") or {})["spec"]["replica"] == 3


def test_without_a_region_the_controllers_own_is_the_target(shell: Shell, writers: Writers) -> None:
    shell("endpoint", "create", "chat", "--image", IMAGE, REGION="us-east-1")

    assert (writers.read("chat") or {})["target_regions"] == ["us-east-1"]


def test_without_any_region_none_is_guessed(shell: Shell, writers: Writers) -> None:
    ended = shell("endpoint", "create", "chat", "--image", IMAGE, REGION="", DYNAMODB_REGION="us-east-1")

    assert ended.code == 2
    assert "target_regions" in ended.err
    assert writers.read("chat") is None


def test_apply_creates_what_is_not_there_and_writes_nothing_twice(
    shell: Shell, writers: Writers, tmp_path: Path
) -> None:
    file = file_with(tmp_path, a_record())
    assert shell("endpoint", "apply", "-f", file).out == "chat: created\n"
    writers.say("chat", "running")
    before = writers.read("chat")

    ended = shell("endpoint", "apply", "-f", file)

    assert (ended.code, ended.out) == (0, "chat: unchanged\n")
    assert writers.read("chat") == before


def test_apply_changes_what_differs_and_leaves_the_rest(shell: Shell, writers: Writers, tmp_path: Path) -> None:
    writers.create("chat", labels={"team": "search"})
    writers.say("chat", "running")

    ended = shell("endpoint", "apply", "-f", file_with(tmp_path, a_record()))

    item = writers.read("chat")
    assert (ended.code, ended.out) == (0, "chat: changed\n")
    assert item is not None
    assert item["spec"] == {"image": IMAGE}
    assert item["labels"] == {"team": "search"}
    assert item["desired_state"] == "deploying"


def test_what_show_prints_can_be_applied_again(shell: Shell, writers: Writers, tmp_path: Path) -> None:
    writers.create("chat", {"image": IMAGE, "resources": {"requests": {"cpu": 0.5}}, "env": {"A": "1"}})
    shown = tmp_path / "shown.yaml"
    shown.write_text(shell("endpoint", "show", "chat", "-o", "yaml").out)

    ended = shell("endpoint", "apply", "-f", str(shown))

    assert ended.out == "chat: unchanged\n"


def test_a_broken_record_is_not_made_worse_by_apply(shell: Shell, writers: Writers, tmp_path: Path) -> None:
    writers.create("chat")
    before = writers.read("chat")

    ended = shell("endpoint", "apply", "-f", file_with(tmp_path, a_record(spec={"image": ""})))

    assert ended.code == 2
    assert "spec.image" in ended.err
    assert writers.read("chat") == before


class TestWrongUsage:
    """What can be seen without asking anybody: nothing here has a table to go to."""

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["create"], "nothing to create"),
            (["create", "-f", "/absent.yaml"], "cannot read /absent.yaml"),
            (["create", "-f", "/"], "cannot read /"),
            (["apply", "-f", "/absent.yaml"], "cannot read"),
            (["create", "chat", "--image", IMAGE, "--env", "A"], "must be NAME=VALUE"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_is_told_in_a_line(self, arguments: list[str], told: str) -> None:
        ended = gco_stream("endpoint", *arguments, REGION="us-east-1")

        assert ended.code == 2
        assert told in ended.told[0]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("a: [1", "line 1, column 6: no valid YAML"),
            ("a: 1\n b: 2", "line 2"),
            ("", "holds no record"),
            ("- just\n- words", "line 1, item 1: this is no record, but str"),
            ("!!python/object:os.system {}", "no valid YAML"),
            ("a: 1\nb: \x07", "line 2, column 4: no valid YAML: #x0007"),
        ],
    )
    def test_of_a_file_says_where(self, tmp_path: Path, text: str, told: str) -> None:
        file = tmp_path / "records.yaml"
        file.write_text(text)

        ended = gco_stream("endpoint", "create", "-f", str(file), REGION="us-east-1")

        assert ended.code == 2
        assert told in ended.told[0]

    def test_of_json_says_where(self, tmp_path: Path) -> None:
        file = tmp_path / "record.json"
        file.write_text('{"endpoint_name": "chat",\n "spec": }')

        ended = gco_stream("endpoint", "create", "-f", str(file), REGION="us-east-1")

        assert ended.code == 2
        assert "line 2, column 10: no valid JSON" in ended.told[0]

    def test_of_bytes_that_are_no_text_is_told(self, tmp_path: Path) -> None:
        file = tmp_path / "record.json"
        file.write_bytes(b"\xff\xfe\x00")

        ended = gco_stream("endpoint", "create", "-f", str(file), REGION="us-east-1")

        assert ended.code == 2
        assert "no UTF-8" in ended.told[0]

    def test_one_name_for_several_records_is_refused(self, tmp_path: Path) -> None:
        file = file_with(tmp_path, a_record("a"), a_record("b"))

        ended = gco_stream("endpoint", "create", "c", "-f", file, REGION="us-east-1")

        assert ended.code == 2
        assert "holds 2 records" in ended.told[0]

    def test_a_name_beside_another_in_the_file_is_refused(self, tmp_path: Path) -> None:
        ended = gco_stream("endpoint", "create", "b", "-f", file_with(tmp_path, a_record("a")), REGION="us-east-1")

        assert ended.code == 2
        assert "'a', not 'b'" in ended.told[0]

    def test_a_record_twice_in_a_file_is_refused(self, tmp_path: Path) -> None:
        ended = gco_stream("endpoint", "apply", "-f", file_with(tmp_path, a_record(), a_record()), REGION="us-east-1")

        assert ended.code == 2
        assert "more than one record of chat" in ended.told[0]
