"""Explanations of typical situations, word by word: ``python -m tests.core.test_explanation`` writes them anew.

Whoever changes the words reads what comes of it, as somebody would who is woken at night.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gco_stream.core.explanation import Explanation, explain
from tests.core.situations import SITUATIONS, running

pytestmark = pytest.mark.behaviour("B50")

GOLDEN = Path(__file__).parent / "explanations.md"


def told(title: str, explanation: Explanation) -> Iterator[str]:
    yield f"## {title.replace('_', ' ')}\n"
    yield f"{explanation.answer}\n"
    for about, lines in explanation.reasons.items():
        yield from (f"- {about}: {line}" for line in lines)
    yield ""


def all_told() -> str:
    return "\n".join(line for title, made in SITUATIONS.items() for line in told(title, explain(made())))


def test_every_situation_is_explained_as_it_was() -> None:
    assert all_told() == GOLDEN.read_text()


def test_it_is_the_same_for_programs() -> None:
    explanation = explain(running())

    told = explanation.as_map()

    assert (told["endpoint"], told["region"], told["answer"]) == ("llama", "us-east-1", explanation.answer)
    assert list(told["reasons"]) == ["asked_for", "reported", "objects", "pods", "plan", "events", "controller"]
    assert told["reasons"]["pods"] == list(explanation.reasons["Pods"])


if __name__ == "__main__":
    GOLDEN.write_text(all_told())
