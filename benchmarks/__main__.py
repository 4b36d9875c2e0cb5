"""``python -m benchmarks [part …] [--rounds 3] [--json FILE] [--small]``: every figure, and what it must reach."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.conditions import conditions
from benchmarks.figures import Figure, Result, summed_up
from benchmarks.parts import PARTS
from benchmarks.showing import shown
from benchmarks.sizes import FULL, SMALL, Sizes


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all of them if none is named")
    parser.add_argument("--rounds", type=int, default=3, help="how often each part is measured (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the results are written")
    parser.add_argument("--small", action="store_true", help="do little: whether it works, and not how fast")
    chosen = parser.parse_args(words)
    if unknown := [part for part in chosen.parts if part not in PARTS]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    return chosen


def _rounds_of(part: str, rounds: int, sizes: Sizes) -> list[list[Figure]]:
    found: list[list[Figure]] = []
    for number in range(rounds):
        print(f"{part}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        found.append(list(asyncio.run(PARTS[part](sizes))))
    return found


def write(path: Path, results: Sequence[Result], rounds: int, sizes: Sizes) -> None:
    """Write everything down as it stands, after each part, so that an end too early costs only what was not measured.

    What the file has of other parts stays.
    """
    earlier = json.loads(path.read_text())["results"] if path.exists() else []
    measured = {result.part for result in results}
    kept = [result for result in earlier if result["part"] not in measured]
    content = {"conditions": conditions(), "rounds": rounds, "sizes": asdict(sizes)}
    path.write_text(json.dumps({**content, "results": [*kept, *map(asdict, results)]}, indent=1, ensure_ascii=False))


def main(words: Sequence[str]) -> int:
    """Measure, show, and return 1 if a goal is missed."""
    chosen = _arguments(words)
    sizes, results = SMALL if chosen.small else FULL, list[Result]()
    for part in chosen.parts or PARTS:
        results += summed_up(part, _rounds_of(part, chosen.rounds, sizes))
        if chosen.json is not None:
            write(chosen.json, results, chosen.rounds, sizes)
    print("\n".join(f"{name}: {value}" for name, value in conditions().items()))
    print(shown(results))
    return 1 if any(result.is_held is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
