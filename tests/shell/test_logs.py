"""Log lines."""

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gco_stream
from gco_stream.settings import read_settings
from gco_stream.shell.logs import configure_logs

LOG = logging.getLogger("gco_stream.test")


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def configured(**environment: str) -> None:
    configure_logs(read_settings({"REGION": "us-east-1", "CLUSTER_NAME": "gpu-1", **environment}))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.behaviour("B2")
def test_a_line_has_the_fields_that_saved_queries_use(capsys: pytest.CaptureFixture[str]) -> None:
    configured()

    LOG.info("plan carried out", extra={"endpoint": "llama", "pass": 7, "actions": ["apply Service llama"]})

    (line,) = lines(capsys)
    timestamp = line.pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "gco_stream.test",
        "message": "plan carried out",
        "service": "inference-monitor",
        "cluster_id": "gpu-1",
        "region": "us-east-1",
        "endpoint": "llama",
        "pass": 7,
        "actions": ["apply Service llama"],
    }


@pytest.mark.behaviour("B2")
def test_an_exception_is_an_object_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configured()

    try:
        {}["missing"]  # type: ignore[index]
    except KeyError:
        LOG.exception("pass crashed")

    (line,) = lines(capsys)
    assert set(line["exception"]) == {"type", "message", "traceback"}
    assert (line["exception"]["type"], line["exception"]["message"]) == ("KeyError", "'missing'")
    assert line["exception"]["traceback"].startswith("Traceback")
    assert "exc_info" not in line


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.behaviour("B2")
def test_a_value_cannot_begin_a_line_of_its_own(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configured(LOG_FORMAT=form)

    LOG.warning("bad record", extra={"reason": 'x\n{"level": "INFO", "message": "forged"}\r\nforged\u2028forged'})

    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    "value",
    [{1, 2}, object(), b"\xff", float("nan"), {"a": {"b": object()}}],
    ids=["set", "object", "bytes", "nan", "nested"],
)
def test_a_value_that_json_does_not_know_is_still_a_line(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    configured()

    LOG.info("odd", extra={"value": value})

    assert len(lines(capsys)) == 1


def test_text_has_the_facts_behind_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    configured(LOG_FORMAT="text")

    LOG.warning("plan carried out", extra={"endpoint": "llama", "pass": 7})

    assert capsys.readouterr().out.endswith(" WARNING plan carried out endpoint=llama pass=7\n")


def test_text_shows_the_traceback_below(capsys: pytest.CaptureFixture[str]) -> None:
    configured(LOG_FORMAT="text")

    try:
        raise KeyError("missing")
    except KeyError:
        LOG.exception("pass crashed", extra={"endpoint": "llama"})

    first, *rest = capsys.readouterr().out.splitlines()
    assert first.endswith("ERROR   pass crashed endpoint=llama")
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "KeyError: 'missing'"


def test_the_level_is_the_one_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    configured(LOG_LEVEL="WARNING")

    LOG.info("not this")
    LOG.warning("this")

    assert [line["message"] for line in lines(capsys)] == ["this"]


@pytest.mark.parametrize("client", ["aiobotocore.hooks", "botocore.endpoint", "kubernetes_asyncio.client.rest"])
def test_the_clients_bodies_are_not_logged_on_debug(client: str, capsys: pytest.CaptureFixture[str]) -> None:
    configured(LOG_LEVEL="DEBUG")

    logging.getLogger(client).debug("secret body")

    assert lines(capsys) == []


@pytest.mark.behaviour("B2")
def test_every_message_in_the_code_is_constant() -> None:
    package = Path(gco_stream.__file__).parent

    calls = [call for path in package.rglob("*.py") for call in _log_calls(path)]

    assert len(calls) > 10
    assert [place for place, call in calls if not _is_constant(call)] == []


def _log_calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_log = isinstance(node.func.value, ast.Name) and node.func.value.id == "_log"
            if is_log and node.func.attr in {"debug", "info", "warning", "error", "exception", "log"}:
                yield f"{path.name}:{node.lineno}", node


def _is_constant(call: ast.Call) -> bool:
    assert isinstance(call.func, ast.Attribute)
    messages = call.args[1:] if call.func.attr == "log" else call.args
    return len(messages) == 1 and isinstance(messages[0], ast.Constant)
