"""What is published stays where it is, and nowhere else."""

from typing import Any

import pytest

from gco_stream.core.claims import Claims
from gco_stream.core.models import Observed
from tests.builders import REGION, a_status, observed
from tests.core.claimants import (
    CANARY,
    X_CANARY,
    X,
    Y,
    Z,
    a_claimant,
    blocked,
    canary_of,
    claims_of,
    ingress_at,
    seen,
    the_pollers,
)

pytestmark = pytest.mark.behaviour("B13")

POLLERS = {"state": "running", "replicas_ready": 1, "replicas_desired": 1}


def moving(name: str, *, to: str, made: float = 1, **fields: Any) -> dict[str, Any]:
    """A published endpoint whose record asks for another path since; its status is of before."""
    return a_claimant(name, made=made, published=True, ingress_path=to, **fields)


def test_a_published_endpoint_that_is_to_move_takes_no_path_from_a_published_one() -> None:
    claims = Claims(REGION)
    claims.note(a_claimant("y", made=2, ingress_path="/p", published=True), seen("y", "/p"))

    claims.note(moving("x", to="/p"), seen("x", "/b"))

    assert blocked(claims, X, Y) == {"x": "y"}
    assert getattr(claims.rival_of(X), "field", None) == "ingress_path"


def test_its_new_path_ranks_as_that_of_any_unpublished_one() -> None:
    claims = claims_of(a_claimant("y", made=1, ingress_path="/p"), a_claimant("z", made=3, ingress_path="/q"))

    claims.note(moving("x", to="/p", made=2), seen("x", "/b"))
    assert blocked(claims, X, Y, Z) == {"x": "y"}

    claims.note(moving("x", to="/q", made=2), seen("x", "/b"))
    assert blocked(claims, X, Y, Z) == {"z": "x"}


@pytest.mark.parametrize("to", ["/p", "/elsewhere", "no path"])
def test_its_old_path_is_nobody_elses_until_its_ingress_has_moved(to: str) -> None:
    claims = claims_of(a_claimant("y", made=1, ingress_path="/p", published=True))
    claims.note(moving("x", to=to, made=2), seen("x", "/b"))

    woken = claims.note(a_claimant("z", made=0, ingress_path="/b/c"))

    assert blocked(claims, Z) == {"z": "x"}
    assert woken == set()


def test_whoever_waits_for_the_old_path_is_woken_when_the_ingress_has_moved() -> None:
    claims = claims_of(a_claimant("z", made=2, ingress_path="/b"))
    claims.note(moving("x", to="/c"), seen("x", "/b"))
    assert blocked(claims, X, Z) == {"z": "x"}

    woken = claims.note(moving("x", to="/c"), seen("x", "/c"))

    assert woken == {Z}
    assert blocked(claims, X, Z) == {}


def test_an_endpoint_may_move_to_below_its_own_path_and_back() -> None:
    claims = Claims(REGION)
    for to, there in (("/b/c", "/b"), ("/b/c", "/b/c"), ("/b", "/b/c"), ("/b", "/b")):
        claims.note(moving("x", to=to), seen("x", there))

        assert claims.rival_of(X) is None

    claims.forget(X)
    assert blocked(claims_of(a_claimant("y", ingress_path="/b")), Y) == {}
    assert claims.note(a_claimant("y", ingress_path="/b")) == set()
    assert claims.rival_of(Y) is None


def test_of_two_that_are_in_each_others_way_one_may_move_out() -> None:
    claims = Claims(REGION)
    claims.note(a_claimant("x", made=1, ingress_path="/p", published=True), seen("x", "/p"))
    claims.note(a_claimant("y", made=2, ingress_path="/p/q", published=True), seen("y", "/p/q"))
    assert blocked(claims, X, Y) == {"y": "x"}

    claims.note(moving("y", to="/c", made=2), seen("y", "/p/q"))

    assert blocked(claims, X, Y) == {}


def test_a_published_endpoint_that_is_to_move_keeps_its_name_from_a_new_canary() -> None:
    claims = Claims(REGION)
    claims.note(moving("x-canary", to="/c", made=2), seen("x-canary", "/b"))

    claims.note(a_claimant("x", made=1, canary=CANARY, published=True), seen("x"))

    assert blocked(claims, X, X_CANARY) == {"x": "x-canary"}


def test_the_canary_of_an_endpoint_that_cannot_move_stays() -> None:
    claims = claims_of(a_claimant("y", made=1, ingress_path="/p", published=True), a_claimant("x-canary", made=0))

    claims.note(moving("x", to="/p", made=2, canary=CANARY), canary_of("x"))

    assert blocked(claims, X, X_CANARY) == {"x": "y", "x-canary": "x"}


def test_who_is_seen_at_a_path_has_it_before_one_of_whom_it_is_only_said() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p", published=True))

    woken = claims.note(a_claimant("y", made=2, ingress_path="/p"), seen("y", "/p"))

    assert woken == {X}
    assert blocked(claims, X, Y) == {"x": "y"}


def test_of_two_that_are_only_said_to_be_published_the_one_whose_record_has_changed_since_has_to_wait() -> None:
    stays = a_claimant("y", made=2, ingress_path="/p")
    stays["region_status"] = {REGION: a_status(item=stays)}

    claims = claims_of(stays, moving("x", to="/p", made=1))

    assert blocked(claims, X, Y) == {"x": "y"}


@pytest.mark.parametrize("reason", ["ProgressDeadlineExceeded", "Held", "Forbidden", "Clash", "Unschedulable", ...])
def test_what_the_watchdog_withdrew_keeps_its_place_whatever_else_its_status_says(reason: Any) -> None:
    withdrawn = a_status("error", published=False, reason=reason, unready_since="2026-03-01T11:50:00Z")

    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p"),
        a_claimant("y", made=2, ingress_path="/p", region_status={REGION: withdrawn}),
    )

    assert blocked(claims, X, Y) == {"x": "y"}


def test_what_has_an_ingress_is_published_whatever_its_status_says() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"))

    claims.note(a_claimant("y", made=2, ingress_path="/p", region_status={}), seen("y", "/p"))

    assert blocked(claims, X, Y) == {"x": "y"}


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize(
    "status",
    [
        POLLERS,
        POLLERS | {"state": "updating", "replicas_ready": 0},
        {"state": "error", "reason": "Clash", "published": False, "replicas_desired": 0},
        {"state": "error", "reason": "InvalidRecord", "published": False, "replicas_desired": 0},
    ],
    ids=str,
)
def test_what_the_poller_published_is_published(status: dict[str, Any]) -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"))

    left = observed(the_pollers(ingress_at("y", "/p")))
    claims.note(a_claimant("y", made=2, ingress_path="/p", region_status={REGION: status}), left)

    assert blocked(claims, X, Y) == {"x": "y"}


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"state": "stopped", "replicas_desired": 0},
        {"state": "creating", "replicas_desired": 1},
        {"state": "updating", "replicas_desired": 0},
        {"state": "error", "reason": "ForeignObject", "published": False},
    ],
    ids=str,
)
def test_an_ingress_without_our_marks_is_no_proof_where_nothing_runs(status: dict[str, Any]) -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"))

    somebodys = observed(the_pollers(ingress_at("y", "/p")))
    claims.note(a_claimant("y", made=2, ingress_path="/p", region_status={REGION: status}), somebodys)

    assert blocked(claims, X, Y) == {"y": "x"}


def test_an_ingress_that_bears_anothers_mark_is_no_proof() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"))
    ingress = {**ingress_at("z", "/p"), "metadata": {**ingress_at("z")["metadata"], "name": "inference-y"}}

    claims.note(a_claimant("y", made=2, ingress_path="/p"), observed(ingress))

    assert blocked(claims, X, Y) == {"y": "x"}


def test_nothing_seen_is_no_proof_that_nothing_is_there() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"))

    claims.note(a_claimant("y", made=2, ingress_path="/p", published=True), Observed())

    assert blocked(claims, X, Y) == {"x": "y"}
