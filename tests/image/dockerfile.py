"""The Dockerfile as stages of steps."""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its word, and the rest with its lines joined."""

    word: str
    rest: str


def steps() -> list[Step]:
    """All steps, with the arguments from before the first stage put in."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line]
    defaults = dict(step.rest.split("=", 1) for step in found if step.word == "ARG" and "=" in step.rest)
    return [Step(step.word, re.sub(r"\$\{(\w+)\}", lambda name: defaults[name[1]], step.rest)) for step in found]


def stages() -> list[list[Step]]:
    """The steps of each stage, the first of each being FROM."""
    found: list[list[Step]] = []
    for step in steps():
        if step.word == "FROM":
            found.append([])
        if found:
            found[-1].append(step)
    return found


def rest_of(steps: list[Step], word: str) -> list[str]:
    return [step.rest for step in steps if step.word == word]


def is_in_context(path: Path) -> bool:
    """Whether .dockerignore lets a file through: the last pattern that matches it or a folder above decides."""
    included = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        anywhere = "**/" in line
        above = [path, *path.parents][:-1]
        if any(fnmatch(entry.name if anywhere else str(entry), pattern) for entry in above):
            included = line.startswith("!")
    return included
