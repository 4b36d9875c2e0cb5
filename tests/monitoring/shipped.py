"""What ``k8s/monitoring`` ships: the alert rules, and the dashboard with its queries."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "k8s" / "monitoring"
RULES: Mapping[str, Any] = yaml.safe_load((FOLDER / "rules.yaml").read_text())
ALERTS: Mapping[str, Mapping[str, Any]] = {
    rule["alert"]: rule for group in RULES["spec"]["groups"] for rule in group["rules"]
}
DASHBOARD: Mapping[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())

# What Grafana puts in place of its variables.
_VARIABLES = {"$__rate_interval": "5m", "$namespace": ".*", "$cluster": ".*"}


def panels() -> Iterator[Mapping[str, Any]]:
    """Go through the dashboard's panels, without the rows that they stand in."""
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def queries() -> dict[str, str]:
    """Return the dashboard's queries as they are sent, by panel and letter."""
    asked = {f"{p['title']} {t['refId']}": t["expr"] for p in panels() for t in p.get("targets", ())}
    return asked | {
        f"variable {one['name']}": one["query"]["query"].removeprefix("label_values(").rsplit(",", 1)[0]
        for one in DASHBOARD["templating"]["list"]
        if one["type"] == "query"
    }


def sent(query: str) -> str:
    """Return a query with values in place of the dashboard's variables."""
    for variable, value in _VARIABLES.items():
        query = query.replace(variable, value)
    return query
