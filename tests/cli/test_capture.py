"""``capture``: what it needs before it reads anything, and what it leaves behind."""

from pathlib import Path

import pytest

from gco_stream.core.recording import Recorded
from gco_stream.shell.recordings import CaptureFile, read_capture
from tests.builders import an_item
from tests.cli.captures import recorded
from tests.cli.commands import gco_stream

REGION = {"REGION": "us-east-1"}


def test_a_file_that_exists_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "monday.jsonl"
    path.write_text("precious\n")

    ended = gco_stream("capture", str(path), **REGION)

    assert ended.code == 2
    assert "exists already" in ended.err
    assert path.read_text() == "precious\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "some.jsonl"], "--from is 'some.jsonl': must be trim-horizon, latest or a sequence number"),
        (["--for", "soon"], "--for is 'soon': must be a time such as 90s, 15m or 6h"),
    ],
    ids=["a file", "no time"],
)
def test_wrong_usage_leaves_no_file(tmp_path: Path, arguments: list[str], told: str) -> None:
    path = tmp_path / "monday.jsonl"

    ended = gco_stream("capture", str(path), *arguments, **REGION)

    assert ended.code == 2
    assert told in ended.err
    assert not path.exists()


def test_where_no_file_can_be_made_nothing_is_asked(tmp_path: Path) -> None:
    ended = gco_stream("capture", str(tmp_path / "absent" / "monday.jsonl"), **REGION)

    assert ended.code == 2
    assert "No such file or directory" in ended.err


def test_without_credentials_it_says_so_and_that_the_file_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "monday.jsonl"

    ended = gco_stream("capture", str(path), **REGION)

    assert ended.code == 3
    assert "no usable AWS credentials" in ended.err
    assert f"{path} has 0 records, and is not complete" in ended.err


class TestFiles:
    def records(self, count: int = 3) -> list[Recorded]:
        return [recorded(i, None, an_item(name="é" * i)) for i in range(1, count + 1)]

    def test_what_is_written_is_read_as_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "capture.jsonl"

        with CaptureFile(path) as file:
            file.write(self.records()[:2])
            file.write([])
            file.write(self.records()[2:])

        assert [read for _, read in read_capture(path)] == self.records()

    def test_a_page_that_was_written_is_in_the_file_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "capture.jsonl"

        with CaptureFile(path) as file:
            file.write(self.records())

            assert len(list(read_capture(path))) == 3

    def test_where_the_disk_is_full_whole_lines_are_left(self, tmp_path: Path) -> None:
        resource = pytest.importorskip("resource")
        path, size = tmp_path / "capture.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
        with CaptureFile(path) as file:
            file.write(self.records(1))
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, size[1]))
            try:
                with pytest.raises(OSError, match="too large"):
                    file.write(self.records(3)[1:])
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, size)

        assert [read for _, read in read_capture(path)] == self.records(1)
