"""What is said of the cluster."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.checkup import NoAnswer, Verdict
from gco_stream.core.cluster_checkup import (
    ACCOUNT,
    CLAIM,
    INGRESS_CLASS,
    NAMESPACE,
    ClusterFacts,
    cluster_findings,
    lease_finding,
)
from gco_stream.core.leadership import Lease
from gco_stream.core.permissions import PERMISSIONS, Permission
from tests.builders import NOW
from tests.core.test_table_checkup import PLACE

pytestmark = pytest.mark.behaviour("B38")

GRANTED: dict[Permission, bool | NoAnswer] = dict.fromkeys(PERMISSIONS, True)
BOUND = {"status": {"phase": "Bound"}}
THINGS: dict[str, Any] = {NAMESPACE: {}, ACCOUNT: {}, CLAIM: BOUND, INGRESS_CLASS: {}}
DENIED, SILENT = NoAnswer("this identity may not get it", is_denied=True), NoAnswer("no answer in time")
OURS = Lease(holder="pod-a_1", marked="pod-a_1", renewed=NOW)
POLLERS = Lease(holder="pod-a", renewed=NOW)


def without(*missing: tuple[str, str], answer: bool | NoAnswer = False) -> dict[Permission, bool | NoAnswer]:
    return {one: answer if (one.verb, one.resource) in missing else True for one in PERMISSIONS}


def said(*, place: Any = PLACE, **facts: Any) -> list[tuple[str, Verdict, str]]:
    usual: dict[str, Any] = {"server": "Kubernetes v1.36", "may": GRANTED, "things": THINGS}
    findings = list(cluster_findings(place, ClusterFacts(**{**usual, **facts})))
    assert all(finding.hint or finding.verdict is Verdict.OK for finding in findings)
    return [(finding.check, finding.verdict, str(finding)) for finding in findings]


def trouble(**facts: Any) -> list[tuple[str, Verdict, str]]:
    return [one for one in said(**facts) if one[1] is not Verdict.OK]


def test_where_all_is_as_it_should_be_everything_is_ok() -> None:
    assert trouble() == []
    assert sum(check == "permissions" for check, _, _ in said()) == 7


@pytest.mark.parametrize(
    ("facts", "check", "verdict", "words"),
    [
        ({"server": DENIED}, "API server", Verdict.FAILED, "kubeconfig"),
        ({"server": SILENT}, "API server", Verdict.UNKNOWN, "kubectl cluster-info"),
        ({"things": {**THINGS, NAMESPACE: None}}, NAMESPACE, Verdict.FAILED, "INFERENCE_NAMESPACE"),
        (
            {"things": {**THINGS, NAMESPACE: {"status": {"phase": "Terminating"}}}},
            NAMESPACE,
            Verdict.FAILED,
            "is being deleted",
        ),
        ({"things": {**THINGS, NAMESPACE: DENIED}}, NAMESPACE, Verdict.WARNING, "somebody who may"),
        ({"things": {**THINGS, ACCOUNT: None}}, ACCOUNT, Verdict.FAILED, "kubectl create serviceaccount"),
        ({"things": {**THINGS, CLAIM: None}}, CLAIM, Verdict.WARNING, "efs-claim"),
        ({"things": {**THINGS, CLAIM: {"status": {"phase": "Pending"}}}}, CLAIM, Verdict.WARNING, "is Pending"),
        ({"things": {**THINGS, INGRESS_CLASS: None}}, INGRESS_CLASS, Verdict.FAILED, "Load Balancer Controller"),
        ({"things": {**THINGS, INGRESS_CLASS: SILENT}}, INGRESS_CLASS, Verdict.WARNING, "no answer in time"),
        (
            {"may": without(("patch", "ingresses"), ("list", "ingresses"))},
            "permissions",
            Verdict.FAILED,
            (
                "this identity may not list, patch ingresses.networking.k8s.io in namespace gco-inference: "
                "add that to the rule for ingresses in k8s/base/role.yaml"
            ),
        ),
        (
            {"may": without(("create", "events"))},
            "permissions",
            Verdict.WARNING,
            "may not create events.events.k8s.io",
        ),
        ({"may": without(("list", "pods"), answer=SILENT)}, "permissions", Verdict.UNKNOWN, "no answer in time"),
        (
            {"may": dict.fromkeys(PERMISSIONS, False)},
            "permissions",
            Verdict.FAILED,
            "may do nothing in namespace gco-inference",
        ),
    ],
)
def test_each_mistake_is_said_once_with_what_to_do(
    facts: dict[str, Any], check: str, verdict: Verdict, words: str
) -> None:
    ((name, judged, sentence),) = trouble(**facts)

    assert (name, judged) == (check, verdict)
    assert words in sentence


def test_where_there_is_no_namespace_nothing_is_said_of_what_would_be_in_it() -> None:
    assert [check for check, _, _ in said(things={**THINGS, NAMESPACE: None})] == [
        *("API server", NAMESPACE, INGRESS_CLASS)
    ]


def test_a_namespace_that_may_not_be_read_is_there_if_the_lease_is_in_it() -> None:
    facts = {"things": {**THINGS, NAMESPACE: DENIED}, "lease": OURS}

    assert trouble(**facts) == []
    assert len(trouble(**facts, place=replace(PLACE, lease_namespace="elsewhere"))) == 1


def test_a_permission_that_is_missing_names_whose_and_where() -> None:
    place = replace(PLACE, lease_namespace="leases", account="gco-system/monitor")

    ((_, _, sentence),) = trouble(may=without(("patch", "leases")), place=place)

    assert "ServiceAccount gco-system/monitor may not patch leases.coordination.k8s.io/" in sentence
    assert "in namespace leases" in sentence


@pytest.mark.parametrize(
    ("lease", "verdict", "words"),
    [
        (None, Verdict.OK, "is free"),
        (Lease(), Verdict.OK, "is free"),
        (OURS, Verdict.OK, "held by pod-a_1, renewed 5 s ago"),
        (POLLERS, Verdict.WARNING, "that is no gco-stream, but a poller"),
        (replace(POLLERS, renewed=NOW - timedelta(seconds=60)), Verdict.OK, "it has run out"),
        (replace(OURS, renewed=NOW - timedelta(seconds=60)), Verdict.OK, "it has run out"),
        (DENIED, Verdict.WARNING, "may not get it"),
        (SILENT, Verdict.UNKNOWN, "no answer in time"),
    ],
)
def test_it_is_said_who_leads_and_whether_that_is_one_of_ours(
    lease: Lease | NoAnswer | None, verdict: Verdict, words: str
) -> None:
    found = lease_finding(PLACE, lease, now=NOW + timedelta(seconds=5))

    assert (found.check, found.verdict) == ("lease", verdict)
    assert words in str(found)
