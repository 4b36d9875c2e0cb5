"""What a command imports before it goes anywhere; the clients of AWS and Kubernetes take most of a second."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands_page import commands

pytestmark = pytest.mark.process

# Of the packages installed beside us, all that words on a terminal need.
NEEDED = {"annotated_doc", "annotated_types", "pydantic", "pydantic_core", "rich", "shellingham", "typer"}
NEEDED |= {"typing_extensions", "typing_inspection", "yaml"}
PROGRAM = """
import json, os, sys
from pathlib import Path

def outside():
    files = ((name, getattr(module, "__file__", None)) for name, module in sys.modules.items())
    return sorted({name.partition(".")[0] for name, file in files if file and "site-packages" in file})

before = set(outside())
sys.argv = ["gco-stream", *sys.argv[1:]]
from gco_stream.__main__ import main
try:
    main()
finally:
    Path(os.environ["REPORT"]).write_text(json.dumps(sorted(set(outside()) - before)))
"""


def imported(folder: Path, *arguments: str, **environment: str) -> tuple[int, set[str]]:
    """How a command ends, and which installed packages it has imported until then."""
    report = folder / "report.json"
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/absent", "REPORT": str(report), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, set(json.loads(report.read_text()))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--help", 0),
        ("--version", 0),
        ("schema", 0),
        ("endpoint create --help", 0),
        ("endpoint create", 2),
        ("endpoint scale chat many", 2),
        ("replay --offline", 2),
        ("top --nonsense", 2),
        ("no-such-command", 2),
    ],
)
def test_nothing_is_imported_that_words_do_not_need(line: str, code: int, tmp_path: Path) -> None:
    ended, packages = imported(tmp_path, *line.split())

    assert ended == code
    assert packages - NEEDED == set()


def test_completing_a_command_imports_no_more(tmp_path: Path) -> None:
    typed = {"_GCO_STREAM_COMPLETE": "complete_bash", "COMP_WORDS": "gco-stream endpoint add", "COMP_CWORD": "2"}

    ended, packages = imported(tmp_path, **typed)

    assert ended == 0
    assert packages - NEEDED == set()


def test_no_command_imports_more_for_its_help(tmp_path: Path) -> None:
    """All in one process: what one of them imports is seen after the last."""
    program = tmp_path / "helps.py"
    lines = [[*path, "--help"] for path in commands()]
    program.write_text(
        f"""
import sys
from typer.testing import CliRunner
from gco_stream.cli.main import app
for line in {lines!r}:
    assert CliRunner().invoke(app, line).exit_code == 0, line
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    )
    ended = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, timeout=90)

    clients = {"aioboto3", "aiobotocore", "aiohttp", "boto3", "botocore", "kubernetes_asyncio", "moto"}
    assert clients & set(ended.stdout.split()) == set()


def test_one_that_goes_outside_imports_what_it_needs(tmp_path: Path) -> None:
    ended, packages = imported(tmp_path, "endpoint", "list", REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true")

    assert ended == 3
    assert "aioboto3" in packages
