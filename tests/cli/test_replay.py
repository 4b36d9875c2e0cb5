"""``replay`` of a file, without any network: what it tells, what is wrong with it, and what it is not asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from gco_stream.core.recording import Recorded
from tests.builders import a_spec, a_status, an_item
from tests.cli.captures import a_capture, recorded
from tests.cli.commands import Ended, gco_stream

pytestmark = pytest.mark.behaviour("B37")

REGION = {"REGION": "us-east-1"}


def offline(path: str, *arguments: str) -> Ended:
    return gco_stream("replay", "--from", path, "--offline", *arguments, **REGION)


def answers(path: str, *arguments: str) -> dict[str, dict[str, Any]]:
    return {one["endpoint"]: one for one in json.loads(offline(path, *arguments, "-o", "json").out)}


def replicas(number: int, name: str = "chat", **fields: Any) -> dict[str, Any]:
    return an_item(name, spec=a_spec(replicas=number, env={"TOKEN": f"secret-{number}"}), **fields)


class TestOffline:
    def test_the_last_image_is_the_table_and_nothing_is_the_cluster(self, tmp_path: Path) -> None:
        path = a_capture(
            tmp_path,
            recorded(1, None, replicas(1)),
            recorded(2, replicas(1), replicas(2)),
            recorded(3, None, replicas(4, "b")),
        )

        ended = offline(path, "--endpoint", "chat")

        assert ended.code == 1
        assert ended.out.splitlines()[0] == (
            "chat: 2 records, 0 of them echoes, 2026-03-01T12:00:01Z to 2026-03-01T12:00:02Z"
        )
        assert "chat: told: spec.replicas: absent → 2, in 2 steps" in ended.out
        assert "+  replicas: 2" in ended.out
        assert ended.out.splitlines()[-1] == "2 records of 1 endpoints; 1 not in step"

    def test_as_json_it_is_complete(self, tmp_path: Path) -> None:
        path = a_capture(tmp_path, recorded(1, replicas(1), replicas(2)))

        answer = answers(path)["chat"]

        plan = answer.pop("plan")
        assert answer == {
            "endpoint": "chat",
            "records": 1,
            "looks": 1,
            "unreadable": 0,
            "first": "2026-03-01T12:00:01+00:00",
            "last": "2026-03-01T12:00:01+00:00",
            "told": [
                {"field": "spec.env.TOKEN", "from": "(hidden)", "to": "(hidden, another value)", "times": 1},
                {"field": "spec.replicas", "from": 1, "to": 2, "times": 1},
            ],
            "gone": False,
            "carried_out": None,
            "status": {},
        }
        assert plan["in_step"] is False
        assert {change["kind"] for change in plan["changes"]} == {"Deployment", "Service"}

    @pytest.mark.parametrize("output", ["text", "json", "yaml"])
    def test_secrets_are_hidden_unless_they_are_asked_for(self, tmp_path: Path, output: str) -> None:
        path = a_capture(tmp_path, recorded(1, replicas(1), replicas(2)))

        hidden, shown = offline(path, "-o", output), offline(path, "-o", output, "--show-secrets")

        assert "secret-" not in hidden.out + hidden.err
        assert "secret-1" in shown.out
        assert "secret-2" in shown.out

    def test_what_was_removed_has_no_record_and_wants_nothing(self, tmp_path: Path) -> None:
        ended = offline(a_capture(tmp_path, recorded(1, replicas(1), None)))

        assert ended.code == 0
        assert "chat: has no record now" in ended.out

    def test_a_name_that_two_want_is_planned_as_the_controller_would(self, tmp_path: Path) -> None:
        first = an_item("chat", ingress_path="/inference/same", created_at="2026-01-01T00:00:00+00:00")
        second = an_item("late", ingress_path="/inference/same")
        path = a_capture(tmp_path, recorded(1, None, first), recorded(2, None, second))

        answer = answers(path, "--endpoint", "late")["late"]

        assert "ingress_path" in answer["plan"]["problems"][0]

    def test_an_image_that_cannot_be_read_leaves_no_plan(self, tmp_path: Path) -> None:
        record = recorded(1, replicas(1), replicas(2))
        odd = Recorded(**{**{f: getattr(record, f) for f in Recorded.__slots__}, "after": {"n": {"N": "1E+200"}}})

        ended = offline(a_capture(tmp_path, odd))

        assert ended.code == 1
        assert "chat: 1 records have images that cannot be read" in ended.out
        assert "chat: no image tells what its record is" in ended.out

    def test_echoes_make_nobody_look(self, tmp_path: Path) -> None:
        before = replicas(1, desired_state="stopped")
        after = {**before, "region_status": {"us-east-1": a_status()}}

        answer = answers(a_capture(tmp_path, recorded(1, before, after)))["chat"]

        assert (answer["records"], answer["looks"], answer["told"]) == (1, 0, [])


class TestBrokenFiles:
    def test_each_broken_line_is_told_with_its_number_and_the_rest_is_read(self, tmp_path: Path) -> None:
        good = recorded(1, None, an_item("chat", desired_state="stopped"))
        other = recorded(3, None, an_item("b", desired_state="stopped"))
        elsewhere = Recorded(**{**{f: getattr(good, f) for f in Recorded.__slots__}, "keys": {"id": {"S": "x"}}})
        strange = Recorded(**{**{f: getattr(good, f) for f in Recorded.__slots__}, "after": other.after})
        path = a_capture(tmp_path, "{", good, "", elsewhere, other, strange, '{"shard": "half of a li')

        ended = offline(path)

        told = [line for line in ended.told if path in line]
        assert [line.removeprefix(f"gco-stream: {path}:").partition(":")[0] for line in told] == ["1", "4", "6", "7"]
        assert "must be a JSON document" in told[0]
        assert "must have endpoint_name: the stream is of another table" in told[1]
        assert "after.endpoint_name is 'b': must be 'chat' as in keys" in told[2]
        assert "chat: 1 records" in ended.out
        assert "b: 1 records" in ended.out
        assert ended.code == 1

    def test_a_whole_file_of_something_else_is_not_told_line_by_line(self, tmp_path: Path) -> None:
        ended = offline(a_capture(tmp_path, *["hello"] * 500))

        assert ended.code == 1
        assert len(ended.told) < 110
        assert "is it a capture" in ended.err

    def test_an_empty_file_tells_nothing(self, tmp_path: Path) -> None:
        ended = offline(a_capture(tmp_path))

        assert (ended.code, ended.out) == (0, "0 records of 0 endpoints; all in step\n")


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--from", "latest"], "there is nothing after that to replay"),
            (["--offline"], "--offline needs a capture"),
            (["--from", "x.jsonl", "--offline", "--apply"], "--offline and --apply"),
            (["--from", "x.jsonl", "--stream-arn", "arn"], "--stream-arn and --from FILE"),
            (["--from", "absent.jsonl", "--offline"], "cannot read absent.jsonl: No such file"),
            (["--from", "12345"], "a sequence number of 21 to 40 digits, or a capture"),
            (["--from", "/", "--offline"], "cannot read /: Is a directory"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_what_does_not_go_together_is_told_before_anything_is_read(self, arguments: list[str], told: str) -> None:
        ended = gco_stream("replay", *arguments, **REGION)

        assert ended.code == 2
        assert told in ended.err

    def test_an_endpoint_that_no_record_is_about_is_told_of(self, tmp_path: Path) -> None:
        ended = offline(a_capture(tmp_path, recorded(1, None, replicas(1))), "--endpoint", "other")

        assert ended.code == 1
        assert "no record is about other" in ended.err

    def test_the_region_is_required(self, tmp_path: Path) -> None:
        ended = gco_stream("replay", "--from", a_capture(tmp_path), "--offline")

        assert ended.code == 2
        assert "REGION" in ended.err


def test_ten_thousand_records_are_read_with_progress(tmp_path: Path) -> None:
    lines = [recorded(i, replicas(i, f"e{i % 20}"), replicas(i + 1, f"e{i % 20}")) for i in range(1, 10_001)]

    ended = offline(a_capture(tmp_path, *lines), "--endpoint", "e7")

    assert [line for line in ended.told if "records, up to" in line][-1].startswith("gco-stream: 10000 records")
    assert sum("records, up to" in line for line in ended.told) == 10
    assert "e7: 500 records" in ended.out
