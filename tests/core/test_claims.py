from typing import Any

import pytest

from gco_stream.core.claim import Clash
from gco_stream.core.claims import Claims
from gco_stream.core.models import EndpointName
from tests.builders import ELSEWHERE, REGION, a_spec, a_status
from tests.core.claimants import CANARY, X_CANARY, X, Y, Z, a_claimant, blocked, canary_of, claims_of, seen

pytestmark = pytest.mark.behaviour("B13")


def test_endpoints_with_names_and_paths_of_their_own_do_not_clash() -> None:
    claims = claims_of(a_claimant("x", canary=CANARY), a_claimant("y"), a_claimant("xy"), a_claimant("x-canary-2"))

    assert blocked(claims, X, Y, EndpointName("xy"), EndpointName("x-canary-2")) == {}


def test_an_endpoint_that_nobody_noted_has_no_rival() -> None:
    assert Claims(REGION).rival_of(X) is None


def test_of_two_with_one_path_the_one_that_was_made_earlier_has_it() -> None:
    earlier, later = a_claimant("y", made=1, ingress_path="/p"), a_claimant("x", made=2, ingress_path="/p")

    assert blocked(claims_of(later, earlier), X, Y) == {"x": "y"}


def test_of_two_made_at_once_the_name_decides() -> None:
    items = [a_claimant(name, ingress_path="/p") for name in ("y", "x")]

    assert blocked(claims_of(*items), X, Y) == {"y": "x"}


def test_times_are_compared_and_not_their_spelling() -> None:
    earlier = a_claimant("y", ingress_path="/p", created_at="2026-03-01T12:00:00+02:00")
    later = a_claimant("x", ingress_path="/p", created_at="2026-03-01T11:00:00Z")

    assert blocked(claims_of(later, earlier), X, Y) == {"x": "y"}


@pytest.mark.parametrize("odd", [..., None, "yesterday", "2026-03-01T12:00:00", 5])
def test_who_does_not_say_when_it_was_made_comes_last(odd: object) -> None:
    claims = claims_of(a_claimant("x", ingress_path="/p", created_at=odd), a_claimant("y", made=99, ingress_path="/p"))

    assert blocked(claims, X, Y) == {"x": "y"}


def test_what_is_published_stays_however_late_it_was_made() -> None:
    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p", published=True)
    )

    assert blocked(claims, X, Y) == {"x": "y"}


def test_what_the_watchdog_withdrew_keeps_its_place_for_the_time_being() -> None:
    withdrawn = {REGION: a_status("updating", published=False, reason="Withdrawn")}
    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p"),
        a_claimant("y", made=2, ingress_path="/p", region_status=withdrawn),
    )

    assert blocked(claims, X, Y) == {"x": "y"}


def test_what_the_cluster_shows_counts_more_than_the_status() -> None:
    claims = Claims(REGION)
    claims.note(a_claimant("x", made=1, ingress_path="/p", published=True))

    claims.note(a_claimant("y", made=2, ingress_path="/p"), seen("y", "/p"))

    assert blocked(claims, X, Y) == {"x": "y"}


@pytest.mark.behaviour("B35")
def test_what_the_poller_has_running_is_published_though_its_status_does_not_say_so() -> None:
    running, stopped = ({REGION: {"state": state, "replicas_ready": 1}} for state in ("running", "stopped"))
    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p", region_status=stopped),
        a_claimant("y", made=2, ingress_path="/p", region_status=running),
    )

    assert blocked(claims, X, Y) == {"x": "y"}


def test_being_published_in_another_region_counts_nothing_here() -> None:
    elsewhere = {ELSEWHERE: a_status(published=True)}
    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p"),
        a_claimant("y", made=2, ingress_path="/p", region_status=elsewhere),
    )

    assert blocked(claims, X, Y) == {"y": "x"}


@pytest.mark.parametrize(
    ("one", "other", "do_clash"),
    [
        ("/a", "/a", True),
        ("/a", "/a/", True),
        ("/a", "/a/b", True),
        ("/a/b/c", "/a/", True),
        ("/a", "/ab", False),
        ("/a/b", "/a/c", False),
        ("/a", "/A", False),
    ],
)
def test_a_path_is_claimed_with_all_that_lies_below_it(one: str, other: str, *, do_clash: bool) -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path=one), a_claimant("y", made=2, ingress_path=other))

    assert blocked(claims, X, Y) == ({"y": "x"} if do_clash else {})


def test_a_path_that_is_not_given_is_the_default_one() -> None:
    claims = claims_of(
        a_claimant("x", made=1, ingress_path=...), a_claimant("y", made=2, ingress_path="/inference/x/v1")
    )

    assert blocked(claims, X, Y) == {"y": "x"}


def test_a_path_clash_says_which_field_is_to_be_changed_and_whose_path_it_is() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p/q/"))

    clash = claims.rival_of(Y)

    expected = "ingress_path is '/p/q': must not be '/p', nor above or below it, which endpoint 'x' has"
    assert clash == Clash(rival=X, field="ingress_path", contested="path /p", message=expected)


def test_a_new_canary_gives_way_to_an_endpoint_that_bears_its_name_already() -> None:
    claims = claims_of(
        a_claimant("x", made=1, canary=CANARY, published=True), a_claimant("x-canary", made=2, published=True)
    )

    clash = claims.rival_of(X)

    expected = (
        "spec.canary is set: must be absent while there is an endpoint 'x-canary', whose name the canary would take"
    )
    assert clash == Clash(rival=X_CANARY, field="spec.canary", contested="name x-canary", message=expected)
    assert claims.rival_of(X_CANARY) is None


def test_a_new_endpoint_gives_way_to_a_canary_of_its_name() -> None:
    claims = claims_of(
        a_claimant("x-canary", made=1), a_claimant("x", made=2, canary=CANARY, published=True, stands=True)
    )

    clash = claims.rival_of(X_CANARY)

    expected = "endpoint_name is 'x-canary': must be another name, because endpoint 'x' has a canary of this one"
    assert clash == Clash(rival=X, field="endpoint_name", contested="name x-canary", message=expected)
    assert claims.rival_of(X) is None


def test_a_canary_that_stands_in_the_cluster_stays_whatever_the_status_says() -> None:
    claims = claims_of(a_claimant("x-canary", made=1))

    claims.note(a_claimant("x", made=2, canary=CANARY), canary_of("x"))

    assert blocked(claims, X, X_CANARY) == {"x-canary": "x"}


@pytest.mark.parametrize("canary", [CANARY, {}, {"image": 5}, "junk", 0])
def test_a_canary_claims_its_name_readable_or_not(canary: object) -> None:
    claims = claims_of(a_claimant("x", made=1, canary=canary), a_claimant("x-canary", made=2))

    assert blocked(claims, X, X_CANARY) == {"x-canary": "x"}


@pytest.mark.parametrize("spec", [a_spec(), a_spec(canary=None), {}, "junk"])
def test_without_a_canary_its_name_is_free(spec: object) -> None:
    claims = claims_of(a_claimant("x", made=1, spec=spec), a_claimant("x-canary", made=2))

    assert blocked(claims, X, X_CANARY) == {}


def test_a_canary_that_is_over_keeps_its_name_until_it_is_gone() -> None:
    claims = claims_of(a_claimant("x", stands=True, published=True), a_claimant("x-canary"))
    assert blocked(claims, X, X_CANARY) == {"x-canary": "x"}

    woken = claims.note(a_claimant("x", published=True))

    assert woken == {X_CANARY}
    assert blocked(claims, X, X_CANARY) == {}


def test_the_canary_of_a_blocked_endpoint_is_in_nobodys_way() -> None:
    claims = claims_of(
        a_claimant("y", made=1, ingress_path="/p"),
        a_claimant("x", made=2, ingress_path="/p", canary=CANARY),
        a_claimant("x-canary", made=3),
    )

    assert blocked(claims, X, X_CANARY, Y) == {"x": "y"}


@pytest.mark.parametrize(
    "fields", [{"desired_state": "deleted"}, {"target_regions": [ELSEWHERE]}, {"desired_state": "deleted", "spec": 5}]
)
def test_what_is_not_to_be_here_claims_nothing(fields: dict[str, Any]) -> None:
    gone = a_claimant("x", made=1, ingress_path="/p", published=True, **fields)
    other = a_claimant("y", made=2, ingress_path="/p")

    assert blocked(claims_of(gone, other), X, Y) == {}
    assert blocked(claims_of(other, gone), X, Y) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"desired_state": "stopped"},
        {"desired_state": "junk"},
        {"target_regions": ...},
        {"namespace": "junk"},
        {"spec": "junk"},
        {"labels": 5},
    ],
)
def test_what_is_stopped_or_broken_claims_as_it_did(fields: dict[str, Any]) -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p", **fields), a_claimant("y", made=2, ingress_path="/p"))

    assert blocked(claims, X, Y) == {"y": "x"}


@pytest.mark.parametrize("path", ["/", "/inference", "/api/x", "no path", 5, "/inference//y"])
def test_a_path_that_nobody_may_have_is_in_nobodys_way(path: object) -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path=path), a_claimant("y", made=2))

    assert blocked(claims, X, Y) == {}


@pytest.mark.parametrize("name", ["X", "/p", "x.y", "x" * 57, ""])
def test_a_name_that_kubernetes_refuses_claims_nothing(name: str) -> None:
    claims = claims_of(a_claimant(name, made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    assert blocked(claims, EndpointName(name), Y) == {}


def test_a_loser_blocks_nobody() -> None:
    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p/x"),
        a_claimant("y", made=2, ingress_path="/p"),
        a_claimant("z", made=3, ingress_path="/p/z"),
    )

    assert blocked(claims, X, Y, Z) == {"y": "x"}


def test_a_loser_that_is_published_blocks_who_would_get_in_its_way() -> None:
    claims = claims_of(
        a_claimant("x", made=1, ingress_path="/p/x", published=True),
        a_claimant("y", made=2, ingress_path="/p", published=True),
        a_claimant("z", made=3, ingress_path="/p/z"),
    )

    assert blocked(claims, X, Y, Z) == {"y": "x", "z": "y"}
