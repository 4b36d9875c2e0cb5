"""Each alert in Prometheus' own engine: it fires when it should, is calm when it nearly should, and says what to do."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.monitoring.engine import Engine, Trial, firing
from tests.monitoring.scenes import SCENES, Scene
from tests.monitoring.shipped import ALERTS

pytestmark = pytest.mark.behaviour("B39")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engine(promtool: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(promtool=promtool, folder=tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def wrong(engine: Engine) -> str:
    """What the engine has against all scenes; it is started once, as that takes longer than all of them."""
    return engine.wrong(*(trial for scene in SCENES for trial in (fires(scene), is_calm(scene))))


def fires(scene: Scene) -> Trial:
    return Trial(name=f"{scene.alert} fires", series=scene.fires, expected={firing(scene.alert): 1}, at=scene.at)


def is_calm(scene: Scene) -> Trial:
    return Trial(name=f"{scene.alert} is calm", series=scene.calm, expected={firing(scene.alert): 0}, at=scene.at)


@pytest.mark.parametrize("alert", ALERTS)
def test_it_fires_when_it_should(wrong: str, alert: str) -> None:
    assert f"{alert} fires" not in wrong, wrong


@pytest.mark.parametrize("alert", ALERTS)
def test_it_is_calm_when_it_nearly_should_fire(wrong: str, alert: str) -> None:
    assert f"{alert} is calm" not in wrong, wrong


def test_the_engine_finds_what_is_wrong_and_says_of_which_scene(engine: Engine) -> None:
    scene = SCENES[0]

    swapped = replace(scene, fires=scene.calm, calm=scene.fires)

    assert f"{scene.alert} fires" in engine.wrong(fires(swapped))
    assert f"{scene.alert} is calm" in engine.wrong(is_calm(swapped))
    assert engine.wrong(fires(scene), is_calm(scene)) == ""


def test_every_alert_has_its_scene() -> None:
    assert {scene.alert for scene in SCENES} == ALERTS.keys()


def test_the_rules_are_what_prometheus_takes(engine: Engine) -> None:
    assert not engine.problems()


@pytest.mark.parametrize("alert", ALERTS)
def test_it_says_what_has_happened_and_where_to_read_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]

    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor in anchors(ROOT / page)


def test_the_runbook_has_no_entry_without_its_alert() -> None:
    assert anchors(ROOT / "docs" / "runbook.md") == {alert.lower() for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS)
def test_its_entry_says_what_it_means_what_to_look_at_and_what_to_do(alert: str) -> None:
    page = (ROOT / "docs" / "runbook.md").read_text()

    (entry,) = re.findall(rf"^## {alert}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)

    assert re.findall(r"^\*\*(.+?)\.\*\*", entry, re.MULTILINE) == ["Means", "Look at", "Do"]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's sections, as they are made from its headings."""
    headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
