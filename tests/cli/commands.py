"""``gco-stream`` in this process, on a site or where nothing answers."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from typer.testing import CliRunner

from gco_stream.cli.main import app
from tests.world.site import Site

# Everything of the environment of this machine that could lead a command somewhere.
_INHERITED = (
    *("REGION", "DYNAMODB_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "HOSTNAME", "KUBECONFIG"),
    *("INFERENCE_NAMESPACE", "INFERENCE_ENDPOINTS_TABLE_NAME", "AWS_ENDPOINT_URL_DYNAMODB", "NO_COLOR"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


def gco_stream(*arguments: str, stdin: str | None = None, **environment: str) -> Ended:
    """Run a command; it must end by itself and not by a bug."""
    nowhere: dict[str, str | None] = dict.fromkeys(_INHERITED)
    apart = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/absent",
        "AWS_SHARED_CREDENTIALS_FILE": "/absent",
    }
    ended = CliRunner().invoke(app, list(arguments), input=stdin, env={**nowhere, **apart, **environment})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def apart(*arguments: str, **environment: str) -> Ended:
    """Run a command as a process of its own: only so does it read another kubeconfig than its tests."""
    inherited = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONPATH") if key in os.environ}
    nowhere = {"HOME": "/absent", "AWS_EC2_METADATA_DISABLED": "true"}
    ended = subprocess.run(
        [sys.executable, "-m", "gco_stream", *arguments],
        env=inherited | nowhere | environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that is pointed at a site."""

    environment: Mapping[str, str]

    def __call__(self, *arguments: str, stdin: str | None = None, **more: str) -> Ended:
        return gco_stream(*arguments, stdin=stdin, **{**self.environment, **more})

    def apart(self, *arguments: str, **more: str) -> Ended:
        """Run a command as a process of its own."""
        return apart(*arguments, **{**self.environment, **more})


def shell_at(site: Site) -> Shell:
    """Return a shell of a person, who may do everything there."""
    return Shell(dict(site.administrator))
