"""Every command that prints a table, on terminals of several widths and where there is none."""

from collections.abc import Sequence

import pytest
from rich.cells import cell_len

from tests.cli.commands import Shell
from tests.cli.terminals import at_terminal
from tests.writers import Writers, a_spec

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B51")]

LONG = "a-name-that-takes-most-of-40-columns"
REASON = "ImagePullBackOff"
ERROR = f"{REASON}: " + "nobody has pushed this image anywhere, " * 10 + "says the registry"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/server:v1.2.3"
AT = "2026-03-01T12:00:00.000000+00:00"
BROKEN = {"state": "error", "reason": REASON, "error": ERROR, "replicas_desired": 2, "last_sync": AT}
FINE = {"state": "running", "replicas_ready": 1, "replicas_desired": 1, "published": True, "last_sync": AT}
ENDS = "ap-southeast-1: "
REGIONS = ("us-east-1", "ap-southeast-1")
# What must stand there whole, however narrow it is, and what where there is room.
TABLES = (
    ("top --once", ("chat", LONG), (*REGIONS, "PUBLISHED", "CANARY", REASON)),
    ("endpoint list", ("chat", LONG), (*REGIONS, "PUBLISHED", IMAGE, REASON)),
    (f"endpoint show {LONG}", REGIONS, ("PUBLISHED", "LAST CHANGE", REASON)),
    (f"explain {LONG}", (LONG,), (REASON,)),
)
every_table = pytest.mark.parametrize(("command", "names", "more"), TABLES, ids=[command for command, *_ in TABLES])


@pytest.fixture(autouse=True)
def table(writers: Writers) -> None:
    writers.create(
        LONG, a_spec(image=IMAGE), target_regions=list(REGIONS), region_status=dict.fromkeys(REGIONS, BROKEN)
    )
    writers.create("chat", region_status={"us-east-1": FINE})


def of_table(text: str) -> Sequence[str]:
    """The lines of the table alone: sentences before and behind it are the terminal's to wrap."""
    lines = [line.rstrip() for line in text.splitlines()]
    heads = (i for i, line in enumerate(lines) if line.startswith(("NAME", "REGION")) or not line)
    first = next(heads)
    last = next((i for i, line in enumerate(lines) if " in all regions, " in line or line.startswith(ENDS)), len(lines))
    return lines[first:last]


@every_table
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_longer_than_the_terminal_and_names_stay_whole(
    shell: Shell, command: str, names: Sequence[str], more: Sequence[str], columns: int
) -> None:
    with at_terminal(shell.environment, *command.split(), columns=columns) as terminal:
        assert terminal.ends() == 0

    lines = of_table(terminal.text)
    rows = "\n".join(lines)
    assert max(map(cell_len, lines)) <= columns
    for name in (*names, *(more if columns == 200 else ())):
        assert name in rows, rows


@every_table
def test_without_a_terminal_nothing_is_folded_or_cut(
    shell: Shell, command: str, names: Sequence[str], more: Sequence[str]
) -> None:
    ended = shell.apart(*command.split(), COLUMNS="40")

    assert ended.code == 0
    assert "…" not in ended.out
    assert ERROR in ended.out or command == "endpoint list"
    for name in (*names, *more):
        assert any(name in line for line in ended.out.splitlines()), ended.out
