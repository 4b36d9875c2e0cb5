"""What is said of AWS, the table, its stream and its records."""

from typing import Any

import pytest

from gco_stream.core.checkup import NoAnswer, Place, Verdict
from gco_stream.core.permissions import STREAM_ACTIONS, TABLE_ACTIONS
from gco_stream.core.table_checkup import TableFacts, records_finding, table_findings
from tests.builders import SCOPE, an_item
from tests.core.test_table_shape import a_description

pytestmark = pytest.mark.behaviour("B38")

PLACE = Place(
    region="us-east-1",
    cluster="gco-us-east-1",
    table="gco-inference-endpoints",
    table_region="us-east-1",
    namespace="gco-inference",
    lease_namespace="gco-inference",
)
ALLOWED: dict[str, NoAnswer | None] = dict.fromkeys((*TABLE_ACTIONS, *STREAM_ACTIONS))
DENIED = NoAnswer("GetItem: User: u is not authorized to perform: dynamodb:GetItem", is_denied=True)
SILENT = NoAnswer("GetItem: no answer in time")


def said(**facts: Any) -> dict[str, tuple[Verdict, str]]:
    usual: dict[str, Any] = {"credentials": "env", "table": a_description(), "actions": ALLOWED}
    findings = list(table_findings(PLACE, TableFacts(**{**usual, **facts})))
    assert len(findings) == len({finding.check for finding in findings})
    assert all(finding.hint or finding.verdict is Verdict.OK for finding in findings)
    return {finding.check: (finding.verdict, str(finding)) for finding in findings}


def test_where_all_is_as_it_should_be_everything_is_ok() -> None:
    found = said()

    assert {verdict for verdict, _ in found.values()} == {Verdict.OK}
    assert list(found) == [
        *("credentials", "table", "key", "stream"),
        *("table permissions", "stream permissions", "stream reads"),
    ]


@pytest.mark.parametrize(
    ("facts", "check", "verdict", "words"),
    [
        (
            {"credentials": NoAnswer("no usable AWS credentials", is_denied=True)},
            "credentials",
            Verdict.FAILED,
            "AWS_ROLE_ARN",
        ),
        ({"credentials": NoAnswer("no answer from STS")}, "credentials", Verdict.UNKNOWN, "trust policy"),
        ({"table": None}, "table", Verdict.FAILED, "gco-stream table create"),
        ({"table": DENIED}, "table", Verdict.FAILED, "k8s/iam-policy.json"),
        ({"table": SILENT}, "table", Verdict.UNKNOWN, "DYNAMODB_REGION"),
        ({"table": a_description(TableStatus="CREATING")}, "table", Verdict.WARNING, "is CREATING"),
        ({"table": a_description(BillingModeSummary={})}, "table", Verdict.WARNING, "provisioned"),
        (
            {"table": a_description(KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}])},
            "key",
            Verdict.FAILED,
            "must be endpoint_name (S, HASH) alone",
        ),
        ({"table": a_description(StreamSpecification={})}, "stream", Verdict.WARNING, "table enable-stream"),
        (
            {"table": a_description(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})},
            "stream",
            Verdict.WARNING,
            "the view type is KEYS_ONLY",
        ),
        (
            {"actions": {**ALLOWED, "GetItem": DENIED}},
            "table permissions",
            Verdict.FAILED,
            (
                "allow dynamodb:GetItem on arn:aws:dynamodb:us-east-1:ACCOUNT:table/gco-inference-endpoints "
                "as k8s/iam-policy.json does"
            ),
        ),
        (
            {"actions": {**ALLOWED, "GetRecords": DENIED}},
            "stream permissions",
            Verdict.FAILED,
            "table/gco-inference-endpoints/stream/* as",
        ),
        ({"actions": {**ALLOWED, "GetItem": SILENT}}, "table permissions", Verdict.UNKNOWN, "no answer in time"),
        ({"is_throttled": True}, "stream reads", Verdict.WARNING, "a shard bears two readers"),
    ],
)
def test_each_mistake_is_said_with_what_to_do(facts: dict[str, Any], check: str, verdict: Verdict, words: str) -> None:
    found = said(**facts)

    assert found[check][0] is verdict
    assert words in found[check][1]
    assert {name for name, (judged, _) in found.items() if judged is not Verdict.OK} == {check}


def test_what_was_not_tried_is_not_judged() -> None:
    assert "stream permissions" not in said(actions=dict.fromkeys(TABLE_ACTIONS))
    assert list(said(table=None)) == ["credentials", "table"]
    assert list(said(credentials=SILENT)) == ["credentials"]


@pytest.mark.parametrize(
    ("items", "verdict", "words"),
    [
        ([], Verdict.OK, "0, of which 0 are for us-east-1"),
        ([an_item(), an_item("b", target_regions=["eu-west-1"])], Verdict.OK, "2, of which 1 are for us-east-1"),
        ([an_item(target_regions=["eu-west-1"])], Verdict.WARNING, "but eu-west-1: REGION must be"),
        (
            [an_item(region_status={"us-east-1": {"state": "running", "cluster": "another"}})],
            Verdict.WARNING,
            "us-east-1 is reported by another, and this is gco-us-east-1",
        ),
        ([an_item(region_status={"us-east-1": {"state": "running"}})], Verdict.OK, "1, of which 1"),
        ([an_item(spec={"image": ""})], Verdict.WARNING, "1 cannot be understood (llama)"),
        ([an_item(target_regions="us-east-1")], Verdict.WARNING, "1 cannot be understood (llama)"),
    ],
)
def test_records_are_for_this_region_and_reported_by_this_cluster(
    items: list[Any], verdict: Verdict, words: str
) -> None:
    found = records_finding(SCOPE, items)

    assert (found.check, found.verdict) == ("records", verdict)
    assert words in str(found)
