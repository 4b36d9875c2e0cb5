import pytest

from gco_stream.core.holding import holding, releasing
from gco_stream.core.manifests.ownership import HOLD
from gco_stream.core.models import Manifest
from gco_stream.errors import InvalidRecord
from tests.builders import NAME, a_live, an_endpoint, changed, deployment_of, foreign

pytestmark = pytest.mark.behaviour("B14")

LIVE = a_live(deployment_of(an_endpoint()))


def test_a_hold_sets_one_annotation_on_the_very_deployment_that_was_read() -> None:
    wanted = holding(LIVE, NAME, "Ada looks into it")

    assert wanted["metadata"] == {
        "name": NAME,
        "uid": LIVE["metadata"]["uid"],
        "annotations": {HOLD: "Ada looks into it"},
    }
    assert wanted.keys() == {"apiVersion", "kind", "metadata"}


def test_a_release_takes_away_what_was_read_whoever_set_it() -> None:
    held = changed(LIVE, annotations={HOLD: "Ada"})

    assert releasing(held, NAME) == [
        {"op": "test", "path": "/metadata/annotations/gco.io~1hold", "value": "Ada"},
        {"op": "remove", "path": "/metadata/annotations/gco.io~1hold"},
    ]
    assert releasing(LIVE, NAME) is None


@pytest.mark.parametrize("live", [None, foreign(LIVE)], ids=["absent", "foreign"])
def test_what_is_not_ours_is_neither_held_nor_released(live: Manifest | None) -> None:
    with pytest.raises(InvalidRecord, match="must be one that the controller has made"):
        holding(live, NAME, "x")
    with pytest.raises(InvalidRecord, match="must be one that the controller has made"):
        releasing(live, NAME)
