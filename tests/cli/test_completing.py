"""What a shell offers when somebody presses the tabulator."""

import subprocess
import sys

import pytest

from tests.cli.commands import Shell
from tests.cli.test_telling import KEYS, closed
from tests.writers import Writers

pytestmark = pytest.mark.process


def offered(typed: str, **environment: str) -> list[str]:
    """What bash is told that has this on its line."""
    words = typed.split(" ")
    asked = {"_GCO_STREAM_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    program = "from gco_stream.__main__ import main; import sys; sys.argv[0] = 'gco-stream'; main()"
    nowhere = {"PATH": "/usr/bin:/bin", "HOME": "/absent", "AWS_EC2_METADATA_DISABLED": "true"}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**nowhere, **environment, **asked},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_commands_are_offered() -> None:
    assert offered("gco-stream endpoint add") == ["add-region"]


def test_endpoints_are_offered_by_name(shell: Shell, writers: Writers) -> None:
    for name in ("chat", "chat-large", "embedder"):
        writers.create(name)

    assert offered("gco-stream endpoint stop ch", **shell.environment) == ["chat", "chat-large"]


def test_nothing_is_offered_and_nothing_said_where_the_table_does_not_answer() -> None:
    assert offered("gco-stream explain ch", REGION="us-east-1", AWS_ENDPOINT_URL_DYNAMODB=closed(), **KEYS) == []
