"""docs/operations.md, held to the code: every metric with its labels, every check, every reason of an Event."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gco_stream.core import events
from gco_stream.core.health import liveness, readiness
from gco_stream.core.models import Kind
from gco_stream.core.publication import LOAD_BALANCER_FULL, WITHDRAWN
from gco_stream.core.readings import readings_of
from gco_stream.core.roster import Roster
from gco_stream.feeds.resync_counts import ResyncCounts
from gco_stream.feeds.stream_counts import StreamCounts
from gco_stream.shell.metrics import PrometheusMeters
from tests.builders import NAME
from tests.core.a_reading import a_leader

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text()


def rows(title: str) -> list[list[str]]:
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if re.match(r"\| [`a-z]", line)][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.behaviour("B39")
def test_every_metric_is_on_the_page_with_its_labels_and_no_other() -> None:
    meters = PrometheusMeters()
    meters.answered("GET", "200", "host", 0.1)
    counts, resyncs = StreamCounts(lag_seconds=0.1), ResyncCounts(seconds=1.0)
    roster, theirs = Roster(), (Kind.SERVICE, "kubectl")
    held = {"state": "running", "reason": "Held"}
    roster.note(NAME, held, added=Counter({theirs: 1}), now=datetime(2026, 1, 1, tzinfo=UTC))
    everything = a_leader(heard=counts, resyncs=resyncs, corrected={theirs: 1}, roster=roster)

    families = text_string_to_metric_families(meters.page(readings_of(everything)).decode())

    shown = {
        family.name + ("_total" if family.type == "counter" else ""): {key for s in family.samples for key in s.labels}
        for family in families
    }
    assert {name: labels - {"le"} for name, labels in shown.items()} == {
        words(name)[0]: set(words(labels)) for name, labels, _ in rows("Metrics")
    }


@pytest.mark.behaviour("B6")
def test_every_check_is_on_the_page_with_the_probe_that_makes_it() -> None:
    checks = {"/healthz": liveness(a_leader()), "/readyz": readiness(a_leader())}

    made = {(check.name, path) for path, made in checks.items() for check in made}

    assert {(words(name)[0], words(path)[0]) for name, path, _ in rows("Probes")} == made


@pytest.mark.behaviour("B39")
def test_every_reason_of_an_event_is_on_the_page() -> None:
    source = Path(events.__file__).read_text()

    told = set(re.findall(r'(?:_Told\(|reason=)"(\w+)"', source)) | {
        WITHDRAWN,
        LOAD_BALANCER_FULL,
        "Held",
    }

    assert {word for name, *_ in rows("Events") for word in words(name)} == told | {"Error"}
