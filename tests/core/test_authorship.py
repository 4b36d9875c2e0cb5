from typing import Any

import pytest

from gco_stream.core.authorship import authors_told, drifts_in
from gco_stream.core.models import Manifest
from tests.builders import a_spec, an_endpoint, an_item, changed, everything_of, observed
from tests.core.situations import changed_by_hand, findings, held, left_by_the_poller, running

pytestmark = pytest.mark.behaviour("B50")


def an_entry(manager: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = {"manager": manager, "operation": "Update", "time": "2026-03-01T11:50:00Z", "fieldsV1": fields}
    return {**made, **more}


def beside(*entries: dict[str, Any]) -> tuple[str, ...]:
    """What is told of an endpoint on whose Deployment others have these entries."""
    objects: list[Manifest] = []
    for live in everything_of(an_endpoint(replicas=2)).objects.values():
        edited = changed(live)
        if edited["kind"] == "Deployment":
            edited["metadata"]["managedFields"] += entries
        objects.append(edited)
    return authors_told(findings(an_item(spec=a_spec(replicas=2)), observed(*objects)))


def test_who_changed_what_we_set_is_named_with_the_field_and_the_time() -> None:
    (line,) = authors_told(changed_by_hand())

    assert line == "Deployment llama: spec.replicas, last written by kubectl-edit 2 min ago, to be put right"


def test_what_others_added_stays_and_is_named() -> None:
    added = an_entry("istio", {"f:metadata": {"f:annotations": {"f:sidecar": {}}}})

    assert beside(added) == (
        "Deployment llama: metadata.annotations.sidecar, added by istio 10 min ago, stays beside ours",
    )


def test_who_set_a_replica_count_through_its_subresource_is_named() -> None:
    scaled = an_entry("kube-controller-manager", {"f:spec": {"f:replicas": {}}}, subresource="scale")

    assert beside(scaled) == ("Deployment llama: spec.replicas, last set by kube-controller-manager 10 min ago",)


def test_what_controllers_write_below_status_is_nobodys_business() -> None:
    assert beside(an_entry("kube-controller-manager", {"f:status": {}}, subresource="status")) == ()
    assert authors_told(running()) == ()


def test_what_is_only_about_to_be_taken_over_or_waits_for_a_hold_is_no_drift() -> None:
    assert list(drifts_in(left_by_the_poller())) == []
    assert list(drifts_in(held())) == []
