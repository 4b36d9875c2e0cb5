"""``top``: on terminals of several widths, and where there is none."""

import json
from typing import Any

import pytest

from tests.cli.commands import Shell
from tests.cli.terminals import COLORS, at_terminal
from tests.writers import Writers, a_spec

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B51")]

BROKEN = {"state": "error", "reason": "Invalid", "error": "no such class", "replicas_ready": 0, "replicas_desired": 2}
FINE = {"state": "running", "replicas_ready": 1, "replicas_desired": 1, "published": True}
LEFT = "\x1b[?1049l"
"""The screen as it was before is there again."""


@pytest.fixture
def table(writers: Writers) -> Writers:
    """Three endpoints: one in trouble, one of which nothing is known yet, and one that runs in two regions."""
    says(writers, "ant", {"us-east-1": FINE, "eu-west-1": FINE}, target_regions=["us-east-1", "eu-west-1"])
    says(writers, "new", {})
    says(writers, "zebra", {"us-east-1": BROKEN})
    return writers


def says(writers: Writers, name: str, statuses: dict[str, Any], **fields: Any) -> None:
    writers.create(name, a_spec(), **fields)
    item = writers.read(name)
    assert item is not None
    at = item["updated_at"]
    told = {region: {**status, "last_sync": at} for region, status in statuses.items()}
    writers._table.put_item(Item={**item, "region_status": told})


def names(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if line.split()[:1] not in ([], ["NAME"])]


@pytest.mark.usefixtures("table")
class TestOnce:
    def test_trouble_comes_first_and_all_of_it_stands_there(self, shell: Shell) -> None:
        ended = shell("top", "--once")

        assert (ended.code, ended.err) == (0, "")
        assert names(ended.out)[:4] == ["zebra", "new", "ant", "ant"]
        assert "no such class" in ended.out
        assert ended.out.splitlines()[-1] == "3 endpoints, 4 in all regions, 1 in trouble, 1 under way"

    def test_where_is_no_terminal_it_is_printed_once(self, shell: Shell) -> None:
        ended = shell.apart("top")

        assert (ended.code, ended.err) == (0, "")
        assert "PUBLISHED" in ended.out
        assert "\x1b" not in ended.out

    def test_programs_get_a_document(self, shell: Shell) -> None:
        rows = json.loads(shell("top", "-o", "json").out)

        assert [(row["endpoint"], row["concern"]) for row in rows[:2]] == [("zebra", "trouble"), ("new", "under_way")]
        assert rows[0]["error"] == "no such class"

    @pytest.mark.parametrize(("columns", "is_there"), [(80, False), (200, True)])
    def test_a_narrow_terminal_shows_less_and_cuts_nothing_that_matters(
        self, shell: Shell, columns: int, is_there: bool
    ) -> None:
        with at_terminal(shell.environment, "top", "--once", columns=columns) as terminal:
            assert terminal.ends() == 0

        assert ("PUBLISHED" in terminal.text) is is_there
        assert "no such class" in terminal.text
        assert max(map(len, terminal.text.splitlines())) <= columns

    @pytest.mark.parametrize(
        ("options", "more", "are_there"),
        [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False)],
        ids=["terminal", "--no-color", "NO_COLOR"],
    )
    def test_colors_are_for_terminals_that_want_them(
        self, shell: Shell, options: list[str], more: dict[str, str], are_there: bool
    ) -> None:
        with at_terminal({**shell.environment, **more}, "top", "--once", *options) as terminal:
            terminal.ends()

        assert any(";31m" in found or "[31m" in found for found in COLORS.findall(terminal.raw)) is are_there


class TestLive:
    def test_it_follows_the_table_and_ctrl_c_leaves_one_line(self, shell: Shell, table: Writers) -> None:
        with at_terminal(shell.environment, "top", "--every", "0.5") as terminal:
            terminal.shows("zebra")
            says(table, "later", {"us-east-1": BROKEN})
            terminal.shows("later")

            terminal.interrupts()
            assert terminal.ends() == 0

        assert terminal.raw.partition(LEFT)[2].strip() != ""
        assert "4 endpoints, 5 in all regions, 2 in trouble" in terminal.raw.partition(LEFT)[2]

    @pytest.mark.usefixtures("table")
    def test_what_has_no_room_is_counted(self, shell: Shell) -> None:
        with at_terminal(shell.environment, "top", rows=7) as terminal:
            terminal.shows("… and 1 more")
            terminal.interrupts()
            assert terminal.ends() == 0

    def test_a_table_that_is_not_there_ends_it_with_a_hint(self, shell: Shell) -> None:
        elsewhere = {**shell.environment, "INFERENCE_ENDPOINTS_TABLE_NAME": "nowhere"}
        with at_terminal(elsewhere, "top") as terminal:
            assert terminal.ends() == 3

        after = terminal.raw.partition(LEFT)[2]
        assert "gco-stream: there is no table nowhere" in after
        assert "hint: " in after
