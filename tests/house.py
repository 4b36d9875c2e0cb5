"""Holds the house to its rules that no linter knows: ``python -m tests.house``.

- Every module in ``core`` has its mirror among the tests.
- What ``docs/behaviour.md`` claims to be held is what tests are marked to hold; so with ``docs/stream.md``.
- No file over 300 lines, no function over 50.
- No host of a package registry is named anywhere.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
_MIRRORED = ("gco_stream/core", "gco_stream/core/manifests")
_MEASURED = ("gco_stream", "tests", "benchmarks")
# Where promises are made, the mark of the tests that hold them, and the letter before their numbers.
_PROMISES = (("docs/behaviour.md", "behaviour", "B"), ("docs/stream.md", "hazard", "H"))
# In parts, so that this file does not find itself.
_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("registry", "npmjs", "org"),
        ("crates", "io"),
    )
)


class Finding(NamedTuple):
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def missing_mirrors(root: Path) -> Iterator[Finding]:
    for folder in _MIRRORED:
        for module in sorted((root / folder).glob("*.py")):
            mirror = Path("tests", *Path(folder).parts[1:], f"test_{module.name}")
            if module.name != "__init__.py" and not (root / mirror).exists():
                yield Finding(f"{folder}/{module.name}", 1, f"has no tests of its own: {mirror} is missing")


def unheld_promises(root: Path) -> Iterator[Finding]:
    for page, mark, letter in _PROMISES:
        claimed, carried = dict(_claimed(root / page, letter)), dict(_carried(root, mark))
        for number in sorted(claimed.keys() - carried.keys(), key=_order):
            yield Finding(page, claimed[number], f"{number} is claimed, but no test is marked with it")
        for number in sorted(carried.keys() - claimed.keys(), key=_order):
            path, line = carried[number]
            yield Finding(path, line, f"{number} is held here, but {page} does not say so")


def _order(number: str) -> int:
    return int(number[1:])


def _claimed(path: Path, letter: str) -> Iterator[tuple[str, int]]:
    for line, text in enumerate(path.read_text().splitlines() if path.exists() else (), start=1):
        cells = text.split("|")
        if text.startswith("|") and len(cells) > 2:
            yield from ((number, line) for number in re.findall(rf"\b{letter}\d+\b", cells[1]))


def _carried(root: Path, mark: str) -> Iterator[tuple[str, tuple[str, int]]]:
    for path in sorted((root / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == mark:
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value), (str(path.relative_to(root)), node.lineno)


def long_parts(root: Path) -> Iterator[Finding]:
    for path in sorted(path for folder in _MEASURED for path in (root / folder).rglob("*.py")):
        name, text = str(path.relative_to(root)), path.read_text()
        lines = len(text.splitlines())
        if lines > LONGEST_FILE:
            yield Finding(name, LONGEST_FILE + 1, f"the file has {lines} lines, more than {LONGEST_FILE}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    what = f"{node.name} has {length} lines, more than {LONGEST_FUNCTION}"
                    yield Finding(name, node.lineno, what)


def named_registries(root: Path, tracked: Sequence[str]) -> Iterator[Finding]:
    for name in tracked:
        path = root / name
        if not path.is_file():
            continue
        for line, text in enumerate(path.read_bytes().decode(errors="replace").splitlines(), start=1):
            for host in _HOSTS:
                if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", text, re.IGNORECASE):
                    yield Finding(name, line, f"names the package registry {host}")


def tracked_files(root: Path) -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True)
    return tuple(name for name in listed.stdout.split("\0") if name)


def findings(root: Path, tracked: Sequence[str]) -> Iterator[Finding]:
    yield from missing_mirrors(root)
    yield from unheld_promises(root)
    yield from long_parts(root)
    yield from named_registries(root, tracked)


def main() -> int:
    root = Path(__file__).parents[1]
    found = list(findings(root, tracked_files(root)))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
