from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.brake import Waiting
from gco_stream.core.drift import Drift
from gco_stream.core.events import Announcement, Sparing, announcements, deletions_braked
from gco_stream.core.models import EndpointName, Item, Observed
from gco_stream.core.plan import Plan
from gco_stream.core.publication import Publication
from gco_stream.core.status import State
from tests.builders import NAME, NOW, REGION, SCOPE, SERVICE, a_spec, a_status, an_item
from tests.core.an_account import an_account, applying

pytestmark = pytest.mark.behaviour("B39")

RUNNING: dict[str, Any] = {"state": "running"}
"""The status before, where a test says no other."""
WITHDRAWING = Plan(publication=Publication(route=None, why="no ready replica for 300 s", reason="Withdrawn"))
CANARY = {"replicas_ready": 0, "replicas_desired": 2, "weight": 0}
NOTHING = Observed()


def with_status(previous: dict[str, Any] | None, **fields: Any) -> Item:
    """A record with a status of the spec that it has."""
    item = an_item(**fields)
    return item if previous is None else {**item, "region_status": {REGION: a_status(item=item, **previous)}}


def told(previous: dict[str, Any] | None = RUNNING, *, labels: Any = None, **account: Any) -> list[Announcement]:
    item = with_status(previous, labels=labels or {})
    return list(announcements(an_account(item, **account), SCOPE, now=NOW))


def reasons(previous: dict[str, Any] | None = RUNNING, **account: Any) -> list[str]:
    return [announcement.reason for announcement in told(previous, **account)]


def test_a_pass_that_finds_nothing_new_tells_nothing() -> None:
    assert reasons() == []


def test_a_pass_that_could_say_nothing_tells_nothing() -> None:
    assert reasons(None, state=None, plan=applying(), before=NOTHING) == []


def test_what_a_first_pass_has_made_is_told_as_created() -> None:
    (created,) = told(None, state=State.CREATING, plan=applying(), before=NOTHING, published=False)

    assert (created.reason, created.about, created.uid, created.is_warning) == ("Created", NAME, "uid-of-llama", False)
    assert created.text == "apply Deployment llama: differs"
    assert created.at == NOW


def test_a_creation_is_told_by_the_pass_that_reports_it_also_where_an_earlier_one_has_made_it() -> None:
    assert reasons(None, state=State.CREATING, published=False) == ["Created"]
    assert reasons({"state": "deleted", "published": False}, state=State.CREATING, published=False) == ["Created"]


def test_an_endpoint_that_the_poller_left_running_is_neither_created_nor_published() -> None:
    before = {"state": "running", "observed_spec": ..., "published": ...}

    assert reasons(before) == []


def test_another_wish_is_told_as_an_update_once() -> None:
    other = a_status(item=an_item(spec=a_spec(replicas=2)))["observed_spec"]

    assert reasons({"observed_spec": other}, state=State.UPDATING, plan=applying()) == ["Updated"]
    assert reasons({"state": "updating"}, state=State.UPDATING, plan=applying()) == []


def test_what_an_endpoint_gets_once_its_error_is_mended_is_told_as_created() -> None:
    mended = {"state": "error", "error": "no image", "published": False, "observed_spec": "other"}

    assert reasons(mended, state=State.CREATING, plan=applying(), before=NOTHING, published=False) == ["Created"]


def test_a_record_that_changes_while_somebody_holds_its_endpoint_updates_nothing() -> None:
    held = Plan(held="debugging", held_back=applying().actions)

    assert reasons({"reason": "Held", "observed_spec": "other"}, reason="Held", plan=held) == []


def test_what_is_stopped_or_wrong_is_not_called_created_or_updated() -> None:
    for state in (State.STOPPING, State.STOPPED, State.DELETING, State.DELETED):
        assert reasons({"observed_spec": "other", "published": False}, state=state, published=False) == []


def test_the_first_ready_replica_publishes() -> None:
    assert reasons({"published": False}) == ["Published"]


def test_an_endpoint_that_was_withdrawn_is_restored() -> None:
    assert reasons({"state": "updating", "published": False, "unready_since": "2026-03-01T11:00:00Z"}) == ["Restored"]


@pytest.mark.parametrize("state", [State.UPDATING, State.ERROR])
def test_a_withdrawal_is_a_warning_whatever_the_state_says(state: State) -> None:
    found = told(state=state, plan=WITHDRAWING, published=False, error="x" if state is State.ERROR else None)

    (withdrawn,) = [one for one in found if one.reason == "Withdrawn"]
    assert withdrawn.is_warning
    assert withdrawn.text == "no ready replica for 300 s"


def test_what_is_stopped_is_unpublished_and_not_withdrawn() -> None:
    assert reasons(state=State.STOPPING, published=False) == []


def test_a_canary_is_told_of_when_it_comes_and_when_it_goes() -> None:
    assert reasons(canary=CANARY) == ["CanaryStarted"]
    assert reasons({"canary": CANARY}, canary=CANARY) == []
    assert reasons({"canary": CANARY}) == ["CanaryEnded"]


def test_a_hold_is_told_with_its_reason_and_so_is_its_end() -> None:
    (held,) = told(reason="Held", plan=Plan(held="debugging"))

    assert (held.reason, held.text) == ("Held", "debugging")
    assert reasons({"reason": "Held"}, reason="Held") == []
    assert reasons({"reason": "Held"}) == ["Released"]


def test_an_error_is_told_with_its_reason_and_again_when_it_is_another() -> None:
    (error,) = told(state=State.ERROR, reason="ImagePullBackOff", error="no such image")

    assert (error.reason, error.text, error.is_warning) == ("ImagePullBackOff", "no such image", True)
    assert reasons({"state": "error", "error": "one"}, state=State.ERROR, error="one") == []
    assert reasons({"state": "error", "error": "one"}, state=State.ERROR, error="other") == ["Error"]


def test_a_long_error_that_stays_the_same_is_told_once() -> None:
    long = "x" * 5000
    written = {"state": "error", "error": long[:1000]}

    assert reasons(written, state=State.ERROR, error=long) == []


def test_a_full_load_balancer_is_a_warning() -> None:
    (full,) = told({"published": False}, reason="LoadBalancerFull", published=False)

    assert (full.reason, full.is_warning) == ("LoadBalancerFull", True)


def test_labels_that_are_not_taken_are_named_when_they_are_asked_for() -> None:
    labels = {"team": "search", "app": "mine", "gco.io/x": "y"}

    (found,) = [one for one in told(None, labels=labels, published=False) if one.reason == "LabelsNotTaken"]

    assert found.is_warning
    assert found.text == "reserved by the platform: app, gco.io/x"
    assert reasons(labels=labels) == []


def test_corrections_are_told_with_who_made_them_necessary() -> None:
    drifts = (Drift(key=SERVICE, manager="kubectl-edit", paths=("spec.selector.app",)),)

    (corrected,) = told(drifts=drifts)

    assert corrected.reason == "DriftCorrected"
    assert corrected.text == "corrected spec.selector.app on Service llama, last written by kubectl-edit"


def test_without_a_deployment_an_event_says_which_endpoint_is_meant() -> None:
    (error,) = told(None, state=State.ERROR, reason="InvalidRecord", error="no image", after=NOTHING, published=False)

    assert error.uid is None
    assert error.text == "llama: no image"


def test_a_note_is_one_line_of_no_more_than_an_event_holds() -> None:
    note = Announcement(about=NAME, reason="Error", note="a\nb " + "x" * 5000, uid="1", at=NOW).text

    assert len(note.encode()) == 1024
    assert note.startswith("a b xxx")
    assert note.endswith("…")


def test_deletions_that_wait_are_told_with_what_confirms_them() -> None:
    waiting = Waiting(endpoints=tuple(EndpointName(f"e{n:02}") for n in range(12)), known=20, since=0.0)

    braked = deletions_braked(waiting, now=NOW)

    assert (braked.reason, braked.about, braked.is_warning) == ("DeletionsBraked", None, True)
    assert "12 endpoints" in braked.text
    assert "gco-stream resync --confirm-deletions" in braked.text
    assert braked.text.endswith("e08, e09")


class TestSparing:
    def an(self, reason: str = "Withdrawn", about: str = NAME) -> Announcement:
        return Announcement(about=EndpointName(about), reason=reason, note="", at=NOW + timedelta(seconds=1))

    def test_of_one_reason_an_endpoint_has_at_most_one_a_minute(self) -> None:
        sparing = Sparing()

        let = [sparing.lets(self.an(), now=now) for now in (0.0, 0.0, 1.0, 59.9, 60.0, 61.0, 120.0)]

        assert let == [True, False, False, False, True, False, True]

    def test_other_reasons_and_other_endpoints_have_their_own(self) -> None:
        sparing = Sparing()
        sparing.lets(self.an(), now=0.0)

        assert sparing.lets(self.an("Restored"), now=0.0)
        assert sparing.lets(self.an(about="other"), now=0.0)

    def test_an_endpoint_that_flaps_cannot_flood(self) -> None:
        sparing = Sparing()

        let = sum(
            sparing.lets(self.an(reason), now=float(t)) for t in range(3600) for reason in ("Withdrawn", "Restored")
        )

        assert let == 2 * 60
