"""Capturing a real stream: whole, from a number, and while it goes on."""

import json
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.retelling import a_day_of_history, captured, gco_stream, lines_of, says, started, with_rows
from tests.world import Site, World, eventually
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B37")


async def test_a_capture_has_every_record_with_its_values_intact(site: Site, writers: Writers, tmp_path: Path) -> None:
    odd: dict[str, Any] = {"weight": Decimal("1.10"), "tags": {"a", "b"}, "blob": b"\x00\xff", "nothing": None}
    site.table.put_item(Item={"endpoint_name": "odd", **odd})
    writers.create("chat", {"image": "acme/server:v1"})
    site.table.delete_item(Key={"endpoint_name": "odd"})

    lines = lines_of(await captured(site, tmp_path))

    assert [(line["event"], line["keys"]["endpoint_name"]["S"]) for line in lines] == [
        ("INSERT", "odd"),
        ("INSERT", "chat"),
        ("REMOVE", "odd"),
    ]
    image = lines[0]["after"]
    assert (image["weight"], image["blob"], image["nothing"]) == ({"N": "1.1"}, {"B": "AP8="}, {"NULL": True})
    assert sorted(image["tags"]["SS"]) == ["a", "b"]
    assert (lines[0]["before"], lines[2]["before"], lines[2]["after"]) == (None, image, None)
    assert all(line["time"].endswith("+00:00") for line in lines)


async def test_it_begins_where_it_is_told_to(site: Site, writers: Writers, tmp_path: Path) -> None:
    a_day_of_history(writers)
    lines = lines_of(await captured(site, tmp_path))

    rest = tmp_path / "rest.jsonl"
    ended = await gco_stream(site, "capture", str(rest), "--from", lines[5]["sequence"], "-o", "json")
    none = f"{int(lines[-1]['sequence']) + 1000:021}"
    unknown = await gco_stream(site, "capture", str(tmp_path / "x"), "--from", none)

    assert lines_of(rest) == lines[5:]
    assert json.loads(ended.out)["records"] == len(lines) - 5
    assert json.loads(ended.out)["complete"] is True
    assert unknown.code == 1
    assert "no record of the stream has the number" in unknown.err


async def test_it_follows_for_a_while(site: Site, writers: Writers, tmp_path: Path) -> None:
    writers.create("before")
    path = tmp_path / "live.jsonl"

    async with started(site, "capture", str(path), "--from", "latest", "--for", "4s") as process:
        await says(process, "following from here on")
        writers.create("chat")
        assert await process.wait() == 0

    assert [line["keys"]["endpoint_name"]["S"] for line in lines_of(path)] == ["chat"]


@pytest.mark.behaviour("B52")
@pytest.mark.parametrize(("asked", "code"), [([], 0), (["--for", "10m"], 130)], ids=["alone", "before-its-time"])
async def test_an_interrupt_ends_it_with_whole_lines(
    site: Site, writers: Writers, tmp_path: Path, asked: list[str], code: int
) -> None:
    path = tmp_path / "live.jsonl"

    async with started(site, "capture", str(path), "--from", "latest", *asked) as process:
        await says(process, "following from here on")
        writers.create("chat")
        await eventually(lambda: with_rows(path), what="a record in the file")
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    told = f"gco-stream: interrupted: {path} has 1 records, and not all that was asked for\n"
    assert (process.returncode, err.decode()) == (code, told if code else "")
    assert out.decode().startswith(f"{path}: 1 records of ")
    assert len(lines_of(path)) == 1
    assert path.read_text().endswith("\n")


async def test_a_stream_can_be_named_and_needs_no_table(site: Site, writers: Writers, tmp_path: Path) -> None:
    writers.create("chat")
    arn = str(site.table.latest_stream_arn)
    path = tmp_path / "named.jsonl"

    ended = await gco_stream(
        site, "capture", str(path), "--stream-arn", arn, INFERENCE_ENDPOINTS_TABLE_NAME="no-such-table"
    )

    assert (ended.code, len(lines_of(path))) == (0, 1), ended.err


async def test_a_table_without_a_stream_is_told_of(world: World, tmp_path: Path) -> None:
    async with world.site(stream=False) as site:
        ended = await gco_stream(site, "capture", str(tmp_path / "none.jsonl"))

    assert ended.code == 1
    assert "has no stream" in ended.err
    assert "table enable-stream" in ended.err
