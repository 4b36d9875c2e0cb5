"""``python -m benchmarks [part …] [--rounds 3] [--json FILE] [--small]``: every figure, and what it must reach."""

import argparse
import asyncio
import json
import sys
import traceback
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
    """Measure a part; a round that fails is told, and takes no other round or part with it."""
    found: list[list[Figure]] = []
    for number in range(rounds):
        print(f"{part}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        try:
            found.append(list(asyncio.run(PARTS[part](sizes))))
        except Exception:  # noqa: BLE001 - an hour of other figures is not to be lost
            traceback.print_exc()
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
    """Measure, show, and return 1 if a goal is missed, or a round failed."""
    chosen = _arguments(words)
    sizes, results, are_all_measured = SMALL if chosen.small else FULL, list[Result](), True
    for part in chosen.parts or PARTS:
        rounds = _rounds_of(part, chosen.rounds, sizes)
        are_all_measured = are_all_measured and len(rounds) == chosen.rounds
        results += summed_up(part, rounds)
        if chosen.json is not None:
            write(chosen.json, results, chosen.rounds, sizes)
    print("\n".join(f"{name}: {value}" for name, value in conditions().items()))
    print(shown(results))
    return 0 if are_all_measured and all(result.is_held is not False for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
