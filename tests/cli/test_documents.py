"""Several files, and several documents in one, of which some cannot be read."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from gco_stream.cli.documents import _parts, records_in
from tests.cli.commands import Shell, gco_stream
from tests.cli.test_telling import KEYS, closed
from tests.writers import Writers

LINES = (
    "---",
    "--- a: 1",
    "---b",
    "...",
    "# c",
    "%YAML 1.1",
    "d: |",
    "d: |+",
    "  ---",
    "  e",
    "",
    "f: 'g",
    "h'",
    "- i",
    "j",
)
GOOD = "endpoint_name: {name}\ntarget_regions: [us-east-1]\nspec: {{image: acme/server:v1}}\n"
STRAY = re.compile(r"^(?!\.\.\.|[%#]|[ \t]*$).*\n(?:[%#].*\n|[ \t]*\n)*%", re.MULTILINE)
BAD_DAY = f"""\
{GOOD.format(name="first").rstrip()}
---
endpoint_name: second
spec: {{image: [a
---
# Nothing that anybody knows.
just words
---
endpoint_name: third
spec: {{image: "", port: 70000}}
---
endpoint_name: fourth
target_regions: *nowhere
"""


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def told_of(folder: Path, text: str) -> list[str]:
    """What is said of one file, without its name."""
    file = folder / "records.yaml"
    file.write_text(text)
    return [one.removeprefix(f"{file}, ") for one in records_in([file])[1]]


class TestEverythingIsToldAtOnce:
    def two_files(self, folder: Path) -> tuple[str, str]:
        return written(folder, "a.yaml", BAD_DAY), written(folder, "b.json", '{"endpoint_name": "fifth",\n "spec": }')

    def test_by_create(self, shell: Shell, writers: Writers, tmp_path: Path) -> None:
        first, second = self.two_files(tmp_path)

        ended = shell("endpoint", "create", "-f", first, "-f", second, "-f", "/absent.yaml", REGION="us-east-1")

        assert (ended.code, ended.out) == (2, "")
        told = [line.removeprefix("gco-stream: ") for line in ended.told]
        assert told[0].startswith(f"{first}, line 7, column 1: no valid YAML: ")
        assert told[1] == f"{first}, line 7: this is no record, but str"
        assert told[2].startswith(f"{first}, line 15, column 17: no valid YAML: found undefined alias")
        assert told[3].startswith(f"{second}, line 2, column 10: no valid JSON: ")
        assert told[4] == "cannot read /absent.yaml: No such file or directory"
        assert {line.split(" is ")[0] for line in told[5:]} == {"third: spec.image", "third: spec.port"}
        assert writers.scan()["Items"] == []

    def test_by_apply(self, shell: Shell, writers: Writers, tmp_path: Path) -> None:
        writers.create("third", {"image": "acme/server:v1"})
        before = writers.read("third")

        ended = shell("endpoint", "apply", "-f", self.two_files(tmp_path)[0])

        assert (ended.code, ended.out) == (2, "")
        assert [line.split(": ")[1].rpartition("line ")[2] for line in ended.told[:3]] == [
            "7, column 1",
            "7",
            "15, column 17",
        ]
        assert "third: spec.port is 70000" in ended.err
        assert (writers.read("first"), writers.read("third")) == (None, before)

    @pytest.mark.parametrize("command", ["create", "apply"])
    def test_with_settings_that_are_wrong_as_well(self, tmp_path: Path, command: str) -> None:
        ended = gco_stream("endpoint", command, "-f", self.two_files(tmp_path)[1], REGION="nowhere")

        assert ended.code == 2
        assert "no valid JSON" in ended.told[0]
        assert ended.told[1].startswith("gco-stream: REGION is 'nowhere'")

    def test_with_a_table_that_does_not_answer(self, tmp_path: Path) -> None:
        """What is there already is not known then, so those that can be read are not judged."""
        ended = gco_stream(
            *("endpoint", "apply", "-f", self.two_files(tmp_path)[0]),
            **{"REGION": "us-east-1", "AWS_ENDPOINT_URL_DYNAMODB": closed(), **KEYS},
        )

        assert ended.code == 2
        assert len(ended.told) == 4
        assert "Could not connect" in ended.told[3]

    def test_with_a_name_for_several_and_a_record_twice(self, tmp_path: Path) -> None:
        first, second = written(tmp_path, "a.yaml", GOOD.format(name="a")), written(tmp_path, "b.yaml", "b: [")

        ended = gco_stream("endpoint", "create", "a", "-f", first, "-f", second, "-f", first, REGION="us-east-1")

        assert ended.code == 2
        assert len(ended.told) == 3
        assert "b.yaml, line 1, column 5: no valid YAML" in ended.told[0]
        assert "what -f names holds 2 records" in ended.told[1]
        assert f"{first}, line 1: more than one record of a: the first is in {first}, line 1" in ended.told[2]


class TestAKeyThatStandsTwice:
    def test_is_told_and_not_taken(self, tmp_path: Path) -> None:
        text = "endpoint_name: a\nspec:\n  replicas: 1\n  image: x\n  replicas: 2\n"

        assert told_of(tmp_path, text) == ["line 5, column 3: no valid YAML: 'replicas' stands twice in one map"]

    def test_in_json_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('{"endpoint_name": "a", "spec": {"replicas": 1, "replicas": 2}}')

        (complaint,) = records_in([tmp_path / "a.json"])[1]
        assert complaint.endswith("no valid JSON: 'replicas' stands twice in one map")

    def test_but_what_is_merged_in_may_be_said_anew(self, tmp_path: Path) -> None:
        file = tmp_path / "records.yaml"
        file.write_text("- &a {endpoint_name: a, spec: {image: x}}\n- {<<: *a, endpoint_name: b}\n")

        records, complaints = records_in([file])

        assert [one.record for one in records] == [{"endpoint_name": n, "spec": {"image": "x"}} for n in "ab"]
        assert not complaints


def test_several_files_are_one_wish(shell: Shell, writers: Writers, tmp_path: Path) -> None:
    files = [written(tmp_path, f"{name}.yaml", GOOD.format(name=name)) for name in ("a", "b")]

    ended = shell("endpoint", "create", *(word for file in files for word in ("-f", file)))

    assert (ended.code, ended.out) == (0, "a: created\nb: created\n")
    assert len(writers.scan()["Items"]) == 2


def test_a_record_without_a_name_is_called_by_its_place(shell: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, "a.yaml", f"{GOOD.format(name='a')}---\nspec: {{image: b:v1}}\n")

    ended = shell("endpoint", "create", "-f", file)

    assert ended.code == 2
    assert f"{file}, line 4: endpoint_name is missing" in ended.told[0]


class TestWhereDocumentsBegin:
    def test_a_marker_within_a_line_or_a_block_is_none(self, tmp_path: Path) -> None:
        text = 'a: |\n  ---\n  b\nc: "x ---"\nd: ---\n---\nspec: }\n'

        (told,) = told_of(tmp_path, text)
        assert told.startswith("line 7, column 7: no valid YAML")

    def test_directives_belong_to_what_follows(self, tmp_path: Path) -> None:
        text = "%YAML 1.1\n---\na: 1\n...\n\n%YAML 1.1\n# Why.\n---\nb: [\n"

        assert [one.split(":")[0] for one in told_of(tmp_path, text)] == ["line 10, column 1"]

    @given(st.lists(st.sampled_from(LINES), max_size=12).map("\n".join))
    def test_cutting_changes_nothing(self, text: str) -> None:
        try:
            whole = list(yaml.load_all(text, Loader=yaml.SafeLoader))
        except yaml.YAMLError:
            return
        # PyYAML lets a directive end a document; YAML wants "..." before it, and so do we.
        assume(not STRAY.search(text))

        assert [one for _, part in _parts(text) for one in yaml.load_all(part, Loader=yaml.SafeLoader)] == whole
