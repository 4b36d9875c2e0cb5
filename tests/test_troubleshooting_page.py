"""docs/troubleshooting.md, held to the code: every warning that is logged, and every reason that keeps traffic away."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gco_stream.core import causes, publication, report, safeguard, standing

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
WARNS = ("warning", "error", "exception")
NO_REASON = {"Failed", "Succeeded", "True", "False", "Progressing", "ReplicaFailure", "PodScheduled", "ContainersReady"}


def told(title: str) -> set[str]:
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def warnings_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(attr=level, value=ast.Name(id=log)), args=[ast.Constant(value=text), *_]):
                if level in WARNS and log.endswith("log"):
                    yield str(text)


def test_every_warning_of_the_log_is_on_the_page_and_no_other() -> None:
    logged = {text for path in (ROOT / "gco_stream").rglob("*.py") for text in warnings_in(path)}

    assert told("The log warns") == logged


def test_every_reason_on_the_page_is_one_that_the_code_gives() -> None:
    sources = [Path(module.__file__ or "").read_text() for module in (causes, publication, report, safeguard, standing)]
    words = {word for source in sources for word in re.findall(r'"([A-Z][A-Za-z]+)"', source)}

    shown = told("An endpoint gets no traffic") | told("Pods do not become ready")

    assert shown - words == set()
    assert set(re.findall(r'"([A-Z][A-Za-z]+)"', sources[0])) - shown - NO_REASON <= {
        "ContainerCreating",
        "PodInitializing",
        "ContainerCannotRun",
        "StartError",
        "Error",
    }
