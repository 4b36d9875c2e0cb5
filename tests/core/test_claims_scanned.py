"""A scan tells of the past: what was read of a record meanwhile is newer than the scan's page."""

import pytest

from gco_stream.core.claims import Claims
from tests.builders import REGION
from tests.core.claimants import X, Y, Z, a_claimant, blocked, claims_of

pytestmark = pytest.mark.behaviour("B13")


def test_claims_are_complete_once_a_scan_is() -> None:
    claims = Claims(REGION)
    before = claims.are_complete
    claims.begin_scan()
    claims.note_scanned(a_claimant("x"))
    during = claims.are_complete

    claims.end_scan({X})

    assert (before, during, claims.are_complete) == (False, False, True)


def test_a_page_does_not_bring_back_what_was_read_as_another() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))
    claims.begin_scan()
    claims.note(a_claimant("x", made=1, ingress_path="/q"))

    woken = claims.note_scanned(a_claimant("x", made=1, ingress_path="/p"))

    assert woken == set()
    assert blocked(claims, X, Y) == {}


def test_a_page_does_not_bring_back_what_was_read_as_gone() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))
    claims.begin_scan()
    claims.forget(X)

    claims.note_scanned(a_claimant("x", made=1, ingress_path="/p"))
    claims.end_scan({X, Y})

    assert blocked(claims, Y) == {}
    assert not claims.knows("x")


def test_a_record_that_was_made_during_a_scan_is_not_dropped_by_it() -> None:
    claims = claims_of(a_claimant("y", made=2, ingress_path="/p"))
    claims.begin_scan()
    claims.note(a_claimant("x", made=1, ingress_path="/p"))
    claims.note_scanned(a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.end_scan({Y})

    assert woken == set()
    assert blocked(claims, X, Y) == {"y": "x"}


def test_what_a_complete_scan_did_not_find_is_dropped_and_who_waited_for_it_is_woken() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))
    claims.begin_scan()
    claims.note_scanned(a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.end_scan({Y})

    assert woken == {Y}
    assert (claims.knows("x"), blocked(claims, Y)) == (False, {})


def test_what_was_read_before_a_scan_began_is_older_than_its_pages() -> None:
    claims = Claims(REGION)
    claims.begin_scan()
    claims.note(a_claimant("x", made=1, ingress_path="/p"))
    claims.note(a_claimant("z", made=1))

    claims.begin_scan()
    claims.note_scanned(a_claimant("x", made=1, ingress_path="/q"))
    claims.note_scanned(a_claimant("y", made=2, ingress_path="/p"))
    claims.end_scan({X, Y})

    assert blocked(claims, X, Y) == {}
    assert not claims.knows(Z)
