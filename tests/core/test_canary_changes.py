import pytest

from gco_stream.core.canary_changes import promoted, rolled_back, unready_canaries, with_canary
from gco_stream.errors import InvalidRecord
from tests.builders import ELSEWHERE, NOW, REGION, a_spec, an_item

V1, V2 = a_spec()["image"], "registry.example/acme/llama-server:v2"


def test_a_canary_begins_with_what_is_not_said_as_the_known_writers_have_it() -> None:
    change = with_canary(an_item(desired_state="running"), V2, weight=None, replicas=None, now=NOW)

    assert change.after["spec"] == {"image": V1, "canary": {"image": V2, "weight": 10, "replicas": 1}}
    assert change.after["desired_state"] == "deploying"
    assert set(change.unchanged) == {("created_at",), ("spec",), ("desired_state",)}


def test_a_canary_that_there_is_keeps_what_is_not_said() -> None:
    item = an_item(spec=a_spec(canary={"image": V2, "weight": 5, "replicas": 2, "note": "kept"}))

    change = with_canary(item, None, weight=50, replicas=None, now=NOW)

    assert change.after["spec"]["canary"] == {"image": V2, "weight": 50, "replicas": 2, "note": "kept"}


def test_a_canary_needs_an_image() -> None:
    with pytest.raises(InvalidRecord, match="there is no canary yet: say its image"):
        with_canary(an_item(), None, weight=50, replicas=None, now=NOW)


def test_a_promotion_takes_the_image_over_and_a_rollback_does_not() -> None:
    item = an_item(spec=a_spec(replicas=3, canary={"image": V2}))

    promotion, rollback = promoted(item, now=NOW), rolled_back(item, now=NOW)

    assert promotion is not None
    assert rollback is not None
    assert promotion.after["spec"] == {"image": V2, "replicas": 3}
    assert rollback.after["spec"] == {"image": V1, "replicas": 3}


@pytest.mark.parametrize("spec", [a_spec(), a_spec(canary=None), "none"])
def test_without_a_canary_there_is_nothing_to_end(spec: object) -> None:
    item = an_item(spec=spec)

    assert promoted(item, now=NOW) is None
    assert rolled_back(item, now=NOW) is None


def test_regions_whose_canary_is_not_ready_are_named() -> None:
    ready, unready = {"canary": {"replicas_ready": 1}}, {"canary": {"replicas_ready": 0}}
    item = an_item(region_status={REGION: ready, ELSEWHERE: unready, "ap-south-1": {"state": "running"}})

    assert list(unready_canaries(item)) == ["ap-south-1", ELSEWHERE]
