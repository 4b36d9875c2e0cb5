from dataclasses import replace
from datetime import timedelta

import pytest

from gco_stream.core.leadership import Lease
from gco_stream.core.status import State
from tests.builders import NOW
from tests.core.situations import LEASE, image_pull, nothing, running

pytestmark = pytest.mark.behaviour("B50")


def test_the_status_is_the_one_that_a_pass_would_report_now() -> None:
    status = running().status

    assert status is not None
    assert (status.state, status.replicas_ready) == (State.RUNNING, 2)
    assert nothing().status is None


def test_the_cause_is_that_of_the_endpoints_own_pods() -> None:
    cause = image_pull().cause

    assert cause is not None
    assert cause.reason == "ImagePullBackOff"
    assert nothing().cause is None


@pytest.mark.parametrize(
    ("lease", "is_known", "is_led"),
    [
        (LEASE, True, True),
        (None, True, False),
        (None, False, True),
        (Lease(holder="", renewed=NOW), True, False),
        (replace(LEASE, renewed=NOW - timedelta(minutes=2)), True, False),
        (replace(LEASE, renewed=NOW + timedelta(minutes=2)), True, True),
    ],
    ids=["renewed", "none", "unreadable", "given back", "silent", "by a clock ahead of ours"],
)
def test_somebody_leads_where_the_lease_was_renewed_lately(lease: Lease | None, is_known: bool, is_led: bool) -> None:
    assert replace(running(), lease=lease, is_lease_known=is_known).is_led is is_led
