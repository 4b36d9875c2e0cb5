"""How figures are summed up, judged, and put into the page; measuring itself is what ``make bench`` is for."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.__main__ import main, write
from benchmarks.endpoints import LATER, SPECS, many
from benchmarks.figures import Figure, percentile, summed_up
from benchmarks.page import curves, filled, read_results
from benchmarks.parts import PARTS
from benchmarks.plots import plot
from benchmarks.showing import number, shown
from benchmarks.sizes import SMALL
from gco_stream.core.convergence import is_converged
from tests.builders import SCOPE

DOCS = Path(__file__).parents[1] / "docs"
PAGE = "<!-- conditions -->\n\n<!-- end -->\n# Idle\n<!-- idle -->\nold\n<!-- end -->\n"


def rounds(*values: float, **goals: float) -> list[list[Figure]]:
    return [[Figure(what="a thing", value=value, unit="ms", **goals)] for value in values]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "goals", "is_held"),
    [
        ((1, 9, 2), {"at_most": 2}, True),
        ((1, 9, 3), {"at_most": 2}, False),
        ((5, 1, 5), {"least": 5}, True),
        ((5, 1, 4), {"least": 5}, False),
        ((10, 10, 99), {"beside": 10, "ratio_at_most": 1.0}, True),
        ((10, 13, 99), {"beside": 10, "ratio_at_most": 1.2}, False),
        ((9, 8, 1), {"beside": 10, "ratio_least": 0.8}, True),
        ((10, 10, 10), {"beside": 5, "at_most": 99, "ratio_at_most": 1.5}, False),
        ((1, 2, 3), {}, None),
    ],
)
def test_the_median_of_all_rounds_is_what_is_judged(
    values: tuple[float, ...], goals: dict[str, float], is_held: bool | None
) -> None:
    (result,) = summed_up("idle", rounds(*values, **goals))

    assert result.is_held is is_held


def test_each_round_is_compared_with_what_was_measured_in_it() -> None:
    figures = [[Figure(what="x", value=value, unit="s", beside=beside)] for value, beside in ((2, 1), (30, 10))]

    (result,) = summed_up("idle", figures)

    assert result.ratios == [2, 3]


def test_a_table_names_what_is_missed() -> None:
    results = summed_up("idle", rounds(3, 1, 2, at_most=1, beside=4, ratio_least=0.25))

    table = shown(results)

    assert "a thing  2 ms    1 to 3  ≤ 1 ms, ≥ 0.25 times  4       0.5    MISSED" in table


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (14400, "14,400"), (123.4, "123"), (1.2345, "1.23"), (0.00004, "4e-05")]
)
def test_numbers_have_as_many_digits_as_mean_something(value: float, written: str) -> None:
    assert number(value) == written


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0.0, 0.5, 0.99)] == [1, 2, 4]


def test_results_of_other_parts_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write(path, summed_up("idle", rounds(1)), 1, SMALL)
    write(path, summed_up("load", rounds(2)), 1, SMALL)
    write(path, summed_up("idle", rounds(3)), 1, SMALL)

    found = {result.part: result.values for result in read_results(json.loads(path.read_text()))}

    assert found == {"idle": [3], "load": [2]}


def test_a_page_gets_the_conditions_and_the_table_of_each_part_that_ran() -> None:
    results = [asdict(result) for result in summed_up("idle", rounds(1, 3, 2, at_most=1))]
    content = {"conditions": {"machine": "a small one"}, "rounds": 3, "results": results}

    page = filled(PAGE, json.loads(json.dumps(content)))

    assert "- machine: a small one\n- rounds: 3\n<!-- end -->" in page
    assert "| a thing | 2 ms | 1 to 3 | ≤ 1 ms |  |  | **missed** |\n<!-- end -->" in page
    assert "old" not in page


def test_a_part_without_a_place_in_the_page_is_told() -> None:
    results = [asdict(result) for result in summed_up("load", rounds(1))]

    with pytest.raises(SystemExit, match="no place for load"):
        filled(PAGE, {"conditions": {}, "rounds": 1, "results": results})


def test_curves_are_drawn_over_the_places_that_were_measured() -> None:
    figures = [Figure(what=f"W={at}", value=at * 2, unit="1/s", series=("WORKERS", at)) for at in (1.0, 16.0)]

    (drawing,) = curves(summed_up("curves", [figures])).values()

    assert drawing == plot(
        "New records a second that become objects, over WORKERS", "WORKERS", {"WORKERS": {1: 2, 16: 32}}
    )
    assert drawing.count("<circle") == 2


@pytest.mark.parametrize("words", [["no-such-part"], ["idle", "--rounds", "0"]])
def test_what_cannot_be_measured_is_wrong_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2


def test_the_page_has_a_place_for_every_part() -> None:
    page = (DOCS / "performance.md").read_text()

    places = re.findall(r"<!-- ([a-z]+) -->\n", page)

    assert sorted(places) == sorted(["conditions", *places[1:]])
    assert set(PARTS) <= set(places)


def test_endpoints_of_every_shape_are_made_for_any_namespace() -> None:
    scope = replace(SCOPE, namespace="elsewhere")

    made = list(many(2 * len(SPECS), scope=scope))

    assert len({endpoint.name for endpoint in made}) == len(made)
    for endpoint in made:
        seen = endpoint.observed
        assert seen.objects
        assert {live["metadata"]["namespace"] for live in seen.objects.values()} == {"elsewhere"}
        assert is_converged(endpoint.item, seen, scope, now=LATER)
