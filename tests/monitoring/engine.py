"""Prometheus' own engine at work on series of ours, by ``promtool test rules``."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.monitoring.shipped import RULES

STEP = "30s"
"""Time between two values of a series, and between two looks at the rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Expressions over series.

    Attributes:
        name: Under which the engine says what is wrong.
        series: Values in promtool's notation (``0+1x10``), by series.
        expected: By expression, its one value, which has no labels.
        at: When it is evaluated, as Prometheus writes a duration.
    """

    name: str
    series: Mapping[str, str]
    expected: Mapping[str, float]
    at: str

    def as_test(self) -> dict[str, Any]:
        """Return it as promtool takes it: the name is in a comment, as that is what is told of one that fails."""
        return {
            "interval": STEP,
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "promql_expr_test": [
                {
                    "expr": f"{expression} # {self.name}",
                    "eval_time": self.at,
                    "exp_samples": [{"labels": "{}", "value": value}],
                }
                for expression, value in self.expected.items()
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Evaluates expressions with the shipped rules beside them.

    Attributes:
        promtool: The program.
        folder: A place for its input.
    """

    promtool: Path
    folder: Path

    def wrong(self, *trials: Trial) -> str:
        """Say what does not have the value that is expected of it, by trial; empty if all have."""
        tests = [trial.as_test() for trial in trials]
        document = {"rule_files": [self._rules()], "evaluation_interval": STEP, "tests": tests}
        (self.folder / "test.json").write_text(json.dumps(document))
        return self._run("test", "rules", "test.json")

    def problems(self) -> str:
        """Say what is wrong with the rules themselves, their templates included; empty if nothing is."""
        return self._run("check", "rules", "--lint=all", "--lint-fatal", self._rules())

    def _rules(self) -> str:
        (self.folder / "rules.json").write_text(json.dumps({"groups": RULES["spec"]["groups"]}))
        return "rules.json"

    def _run(self, *arguments: str) -> str:
        ended = subprocess.run(
            [self.promtool, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def firing(alert: str = ".+") -> str:
    """Return an expression: how many alerts fire whose name this pattern matches."""
    return f'count(ALERTS{{alertname=~"{alert}", alertstate="firing"}}) or vector(0)'
