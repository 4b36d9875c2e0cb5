"""Every query of the dashboard and of the alerts, held to what a leader and a standby at work really expose."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.controller import running_controller, started_controller
from tests.e2e.watching import is_promoted, reaches
from tests.monitoring.engine import Engine, Trial, firing
from tests.monitoring.queries import Checked
from tests.monitoring.scenes import SCENES
from tests.monitoring.shipped import ALERTS, panels, queries, sent
from tests.pages import Pages, a_free_port
from tests.world import Site, World, eventually
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.behaviour("B39")

QUERIES = queries()
# What the scene of these tests is not well in; that one is held there is no trouble within a day.
TROUBLES = {"GcoStreamEndpointInError"}


@dataclass(frozen=True, slots=True)
class Live:
    """What was exposed, by pod."""

    pages: Mapping[str, str]

    @property
    def metrics(self) -> dict[str, frozenset[str]]:
        """The labels of each metric."""
        found: dict[str, frozenset[str]] = {}
        for page in self.pages.values():
            for sample in samples(page):
                found[sample.name] = found.get(sample.name, frozenset()) | sample.labels.keys()
        return found

    @property
    def series(self) -> dict[str, str]:
        """Everything as Prometheus keeps it, at rest for half an hour."""
        return {
            series(sample, pod): f"{sample.value!r}x60" for pod, page in self.pages.items() for sample in samples(page)
        }


def samples(page: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(page) for sample in family.samples]


def series(sample: Sample, pod: str) -> str:
    labels = sample.labels | {"namespace": "gco-system", "pod": pod, "instance": f"{pod}:8080"}
    return sample.name + "{" + ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items()) + "}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live(world: World) -> AsyncIterator[Live]:
    """Let endpoints live through a little of everything, and read what is exposed then."""
    async with world.site() as site, AsyncExitStack() as stack:
        ports = {"pod-a": a_free_port(), "pod-b": a_free_port()}
        session = await stack.enter_async_context(aiohttp.ClientSession())
        seen = {pod: Pages(port, session) for pod, port in ports.items()}
        await stack.enter_async_context(running_controller(site, HEALTH_PORT=str(ports["pod-a"]), HOSTNAME="pod-a"))
        environment = {**site.environment, "HEALTH_PORT": str(ports["pod-b"]), "HOSTNAME": "pod-b"}
        await stack.enter_async_context(started_controller(environment))
        await live_a_little(site)
        await eventually(seen["pod-b"].is_ready, 60, "the standby ready")
        await eventually(lambda: tells_of_others(seen["pod-a"]), 60, "drift and additions told")
        yield Live({pod: (await pages.get("/metrics"))[1] for pod, pages in seen.items()})


async def live_a_little(site: Site) -> None:
    """One endpoint that somebody meddles with, one in error, one that is held."""
    writers = Writers(site.table, site.namespace)
    writers.create("llama")
    writers.create("typo", a_spec(port="abc"))
    writers.create("kept")
    for name in ("llama", "kept"):
        await is_promoted(writers, name, 60)
    await reaches(writers, "typo", "error", deadline=60)
    await site.kubernetes.patch("Deployment", "kept", {"metadata": {"annotations": {"gco.io/hold": "a look"}}})
    await reaches(writers, "kept", "running", deadline=60, reason="Held")
    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"annotations": {"acme.example/note": "mine"}}})
    await site.kubernetes.patch("Service", "llama", {"spec": {"selector": {"app": "other"}}})


async def tells_of_others(pages: Pages) -> bool:
    _, page = await pages.get("/metrics")
    return "gco_stream_drift_corrected_total{" in page and "gco_stream_additions{" in page


@pytest.fixture
def engine(promtool: Path, tmp_path: Path) -> Engine:
    return Engine(promtool=promtool, folder=tmp_path)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_what_there_is_and_speaks_of_labels_that_it_has(live: Live, alert: str) -> None:
    rule = ALERTS[alert]

    checked = Checked(rule["expr"], live.metrics)

    assert checked.problems == []
    annotations = " ".join(rule["annotations"].values()).replace("$value", "")
    assert checked.lacks(annotations) == []


def test_the_scenes_of_alerts_are_made_of_what_there_is(live: Live) -> None:
    for scene in SCENES:
        for name in (*scene.fires, *scene.calm):
            assert Checked(name, live.metrics).problems == []


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_dashboard_asks_for_what_there_is(live: Live, query: str) -> None:
    assert Checked(sent(QUERIES[query]), live.metrics).problems == []


def test_the_dashboard_s_legends_speak_of_labels_that_there_are(live: Live) -> None:
    lacking = {
        f"{panel['title']} {target['refId']}": Checked(sent(target["expr"]), live.metrics).lacks(target["legendFormat"])
        for panel in panels()
        for target in panel["targets"]
    }

    assert {query: labels for query, labels in lacking.items() if labels} == {}


def test_every_query_of_the_dashboard_has_an_answer(live: Live, engine: Engine) -> None:
    """Values of labels count as well: of a misspelt one there is nothing."""
    answered = {f"count({sent(query)}) > bool 0": 1 for query in QUERIES.values()}

    assert not engine.wrong(Trial(name="live", series=live.series, expected=answered, at="30m"))


def test_of_controllers_at_work_only_the_trouble_that_there_is_is_told(live: Live, engine: Engine) -> None:
    expected = {firing(alert): int(alert in TROUBLES) for alert in ALERTS}

    assert not engine.wrong(Trial(name="live", series=live.series, expected=expected, at="30m"))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(gco_stream_witdrawn)", "no metric gco_stream_witdrawn"),
        ("sum by (mangaer) (gco_stream_additions)", "no label mangaer in"),
        ('gco_stream_endpoints{stat="error"}', "no label stat in gco_stream_endpoints"),
        ("rate(gco_stream_stream_gaps_total[5m]) and on (kind) gco_stream_held", "no label kind in"),
        ("max without (knd) (gco_stream_cached_objects)", "no label knd in"),
    ],
)
def test_what_is_misspelt_is_found(live: Live, query: str, problem: str) -> None:
    assert Checked(query, live.metrics).problems[0].startswith(problem)
