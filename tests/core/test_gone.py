import pytest

from gco_stream.core.brake import Brake
from gco_stream.core.gone import judge_gone, left_behind
from gco_stream.core.models import EndpointName, Kind, ObjectKey, Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.progress import next_look
from gco_stream.core.wish import Gone, Request, read_request
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NAME,
    NOW,
    SCOPE,
    SERVICE,
    an_endpoint,
    changed,
    everything_of,
    foreign,
    leaving,
    observed,
)

pytestmark = pytest.mark.behaviour("B12")

EVERYTHING = everything_of(an_endpoint())
OTHERS = {NAME, EndpointName("other")}
GONE = read_request(NAME, None, SCOPE)


def a_brake(*, told: bool = True) -> Brake:
    brake = Brake()
    brake.note_scan((), OTHERS, now=0)
    if told:
        brake.note_removed(NAME)
    return brake


def judged(brake: Brake, seen: Observed = EVERYTHING, *, now: float = 0.0) -> Request:
    return judge_gone(GONE, seen, brake, lambda: OTHERS, now=now)


def released(seen: Observed = EVERYTHING) -> Request:
    brake = a_brake()
    judged(brake, seen)
    return judged(brake, seen, now=10)


def deleted(request: Request, seen: Observed) -> list[ObjectKey]:
    return [action.key for action in make_plan(request, seen, SCOPE, now=NOW).actions]


def test_what_is_ours_goes_in_the_order_of_a_deletion() -> None:
    request = released()

    assert request.wish == Gone(may_go=True)
    assert deleted(request, EVERYTHING) == [INGRESS, SERVICE, DEPLOYMENT]


def test_it_says_why() -> None:
    plan = make_plan(released(), EVERYTHING, SCOPE, now=NOW)

    assert plan.reason.startswith("delete Ingress inference-llama: the record is gone; ")


def test_until_the_brake_lets_it_go_nothing_is_touched_and_it_is_asked_again() -> None:
    request = judged(a_brake())

    again = next_look(request, EVERYTHING, None, make_plan(request, EVERYTHING, SCOPE, now=NOW), now=NOW)

    assert deleted(request, EVERYTHING) == []
    assert again is not None
    assert again.delay(1, lot=0.5) == 5.0


def test_what_has_to_be_confirmed_or_found_by_a_scan_is_not_asked_again() -> None:
    request = judged(a_brake(told=False))

    assert deleted(request, EVERYTHING) == []
    assert next_look(request, EVERYTHING, None, make_plan(request, EVERYTHING, SCOPE, now=NOW), now=NOW) is None


def test_only_what_bears_our_marks_goes() -> None:
    objects = {**EVERYTHING.objects, SERVICE: foreign(EVERYTHING.objects[SERVICE])}
    seen = Observed(objects=objects)

    assert deleted(released(seen), seen) == [INGRESS, DEPLOYMENT]


def test_what_bears_the_marks_of_another_endpoint_stays() -> None:
    labels = {**EVERYTHING.objects[SERVICE]["metadata"]["labels"], "gco.io/endpoint": "other"}
    service = changed(EVERYTHING.objects[SERVICE], labels=labels)

    assert left_behind(NAME, observed(service)) == {}


def test_the_canary_goes_too() -> None:
    canary = changed(EVERYTHING.objects[DEPLOYMENT], name=f"{NAME}-canary")
    seen = Observed(objects={**EVERYTHING.objects, ObjectKey(Kind.DEPLOYMENT, f"{NAME}-canary"): canary})

    assert deleted(released(seen), seen)[-1] == ObjectKey(Kind.DEPLOYMENT, f"{NAME}-canary")


def test_what_is_held_stays_and_does_not_count() -> None:
    held = changed(EVERYTHING.objects[DEPLOYMENT], annotations={"gco.io/hold": "being looked at"})
    seen = Observed(objects={**EVERYTHING.objects, DEPLOYMENT: held})
    brake = a_brake()

    judged(brake, seen)
    request = judged(brake, seen, now=10)

    assert request == GONE
    assert deleted(Request(name=NAME, item=None, record=None, wish=Gone(may_go=True)), seen) == []


@pytest.mark.parametrize("seen", [Observed(), observed(leaving(EVERYTHING.objects[INGRESS]))], ids=["none", "leaving"])
def test_where_nothing_is_left_the_brake_is_not_asked(seen: Observed) -> None:
    brake = Brake(limit=0)
    brake.note_scan((), OTHERS, now=0)
    brake.note_removed(NAME)

    assert judge_gone(GONE, seen, brake, lambda: OTHERS, now=10) == GONE
    assert brake.waiting is None
