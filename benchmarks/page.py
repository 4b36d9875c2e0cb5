"""``python -m benchmarks.page FILE``: put a run's results into ``docs/performance.md``, and its curves beside it."""

import json
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Result
from benchmarks.parts import PARTS
from benchmarks.plots import plot
from benchmarks.showing import row_of

DOCS = Path(__file__).parents[1] / "docs"
_HEAD = "| | median | spread | goal | beside | ratio | |\n|---|---|---|---|---|---|---|"
_CURVES = {
    "workers": ("New records a second that become objects, over WORKERS", "WORKERS", ("WORKERS",)),
    "poll": (
        "Milliseconds from put to Deployment, over the time between two reads of the stream",
        "STREAM_POLL_INTERVAL_SECONDS",
        ("median", "99th percentile"),
    ),
}


def read_results(content: Mapping[str, Any]) -> list[Result]:
    """Read what ``--json`` has written."""
    found = [Result(**{**one, "series": tuple(one["series"]) if one["series"] else None}) for one in content["results"]]
    return sorted(found, key=lambda result: list(PARTS).index(result.part))


def table_of(part: str, results: Sequence[Result]) -> str:
    """Write the results of one part as a table; points of curves are drawn and not listed."""
    rows = [row_of(result) for result in results if result.part == part and result.series is None]
    return "\n".join([_HEAD, *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)])


def _cell(words: str) -> str:
    return {"MISSED": "**missed**"}.get(words, words)


def filled(page: str, content: Mapping[str, Any]) -> str:
    """Replace what stands between the marks of each part, and of the conditions; parts that were not run stay."""
    results = read_results(content)
    blocks = {part: table_of(part, results) for part in {result.part for result in results}}
    if "curves" in blocks:
        blocks["curves"] = "\n\n".join(f"![{title}]({_file(name)})" for name, (title, _, _) in _CURVES.items())
    said = [f"- {name}: {value}" for name, value in content["conditions"].items()]
    blocks["conditions"] = "\n".join([*said, f"- rounds: {content['rounds']}"])
    for name, block in blocks.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        if not marks.search(page):
            raise SystemExit(f"docs/performance.md has no place for {name}: <!-- {name} --> … <!-- end -->")
        page = marks.sub(lambda match, block=block: f"{match[1]}{block}{match[2]}", page)  # type: ignore[misc]
    return page


def curves(results: Sequence[Result]) -> dict[str, str]:
    """Draw what was measured at several places, by the name of the file."""
    drawn = {}
    for name, (title, horizontal, of) in _CURVES.items():
        points = {
            curve: {
                result.series[1]: statistics.median(result.values)
                for result in results
                if result.series is not None and result.series[0] == curve
            }
            for curve in of
        }
        if all(points.values()):
            drawn[_file(name)] = plot(title, horizontal, points)
    return drawn


def _file(name: str) -> str:
    return f"performance-{name}.svg"


def main(words: Sequence[str]) -> int:
    """Write the page and its curves."""
    (path,) = words
    content = json.loads(Path(path).read_text())
    page = DOCS / "performance.md"
    page.write_text(filled(page.read_text(), content))
    for name, drawing in curves(read_results(content)).items():
        (DOCS / name).write_text(drawing)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
