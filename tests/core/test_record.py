import copy
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.changes import deserves_a_look
from gco_stream.core.conclusions import may_be_promoted, may_be_purged
from gco_stream.core.models import Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.record import DesiredState, is_valid_name, read_endpoint, read_record, spec_hash
from gco_stream.core.report import Outcome, region_status
from gco_stream.errors import InvalidRecord
from tests.builders import NAME, NOW, REGION, SCOPE, a_change, a_request, a_spec, an_item
from tests.strategies import junk_items


def problems_of(item: dict[str, Any]) -> str:
    with pytest.raises(InvalidRecord) as caught:
        read_endpoint(item, SCOPE)
    return str(caught.value)


def test_a_record_needs_its_name_state_and_regions_only() -> None:
    record = read_record({"endpoint_name": NAME, "desired_state": "stopped", "target_regions": [REGION]})

    assert record.desired_state is DesiredState.STOPPED
    assert record.target_regions == {REGION}
    assert record.region_status == {}


@pytest.mark.parametrize("state", [..., None])
def test_a_record_without_a_state_is_deploying(state: Any) -> None:
    assert read_record(an_item(desired_state=state)).desired_state is DesiredState.DEPLOYING


@pytest.mark.behaviour("B8")
@pytest.mark.parametrize("state", ["paused", "DELETED", "", 5, ["deleted"]])
def test_an_unknown_state_is_an_error_that_names_the_possible_ones(state: Any) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read_record(an_item(desired_state=state))

    assert "desired_state" in str(caught.value)
    assert "'deploying' or 'running' or 'stopped' or 'deleted'" in str(caught.value)


@pytest.mark.behaviour("B8")
@pytest.mark.parametrize("regions", [..., None, [], "us-east-1", [5], [""], {"us-east-1": True}])
@pytest.mark.parametrize("state", ["deploying", "running", "stopped"])
def test_missing_target_regions_are_an_error_and_never_a_deletion(regions: Any, state: str) -> None:
    with pytest.raises(InvalidRecord, match=r"target_regions .*(must be a non-empty list of region names|is required)"):
        read_record(an_item(desired_state=state, target_regions=regions))


@pytest.mark.parametrize("regions", [..., None, [], "us-east-1", [5]])
def test_a_deleted_record_needs_no_target_regions(regions: Any) -> None:
    record = read_record(an_item(desired_state="deleted", target_regions=regions))

    assert record.desired_state is DesiredState.DELETED
    assert record.target_regions == frozenset()


def test_a_deleted_record_keeps_its_target_regions() -> None:
    record = read_record(an_item(desired_state="deleted", target_regions=[REGION, "eu-west-1"]))

    assert record.target_regions == {REGION, "eu-west-1"}


@pytest.mark.parametrize("statuses", [..., None, "none", [], 5])
def test_a_region_status_that_is_no_map_counts_as_none(statuses: Any) -> None:
    assert read_record(an_item(region_status=statuses)).region_status == {}


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("name", ["a", "0", "llama-3-8b", "a" * 56])
def test_names_that_kubernetes_can_carry_are_accepted(name: str) -> None:
    endpoint = read_endpoint(an_item(name), SCOPE)

    assert endpoint.name == name


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("name", ["a.b", "Llama", "-a", "a-", "a_b", "", "é", "a" * 57, "a\n"])
def test_names_that_kubernetes_would_refuse_are_an_error(name: str) -> None:
    message = problems_of(an_item(name, ingress_path="/x"))

    assert not is_valid_name(name)
    assert message.startswith(f"endpoint_name is {name!r}: must be a DNS label")
    assert "at most 56 characters" in message


@pytest.mark.parametrize("namespace", [..., None, "gco-inference"])
def test_the_namespace_is_the_controllers_or_not_given(namespace: Any) -> None:
    assert read_endpoint(an_item(namespace=namespace), SCOPE).name == NAME


def test_another_namespace_is_an_error() -> None:
    message = problems_of(an_item(namespace="default"))

    assert message == "namespace is 'default': must be 'gco-inference', the namespace of this controller"


@pytest.mark.parametrize("path", ["/inference", "/inference/"])
def test_a_path_that_would_take_everybodys_requests_is_refused(path: str) -> None:
    assert "ingress_path is" in problems_of(an_item(ingress_path=path))


@pytest.mark.parametrize("path", [..., None])
def test_the_ingress_path_is_made_from_the_name_by_default(path: Any) -> None:
    assert read_endpoint(an_item(ingress_path=path), SCOPE).ingress_path == f"/inference/{NAME}"


@pytest.mark.behaviour("B19")
@pytest.mark.parametrize("path", ["/x", "/v1/llama.3-8b_x~y", "/a/", "/" + "a" * 125, "/apiary", "/healthzz"])
def test_paths_of_harmless_characters_are_accepted(path: str) -> None:
    assert read_endpoint(an_item(ingress_path=path), SCOPE).ingress_path == path


@pytest.mark.behaviour("B13")
@pytest.mark.behaviour("B19")
@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "",
            "x",
            "/a b",
            "/é",
            "/a?b",
            "/a#b",
            "/a*",
            '/a"',
            "/a\\b",
            "/a%2f",
            "//a",
            "/a//b",
            "/a/./b",
            "/a/../b",
        ),
        *("/" + "a" * 126, "/api", "/api/", "/api/v1", "/healthz", "/healthz/x", "/a\n", 5, ["/a"]),
    ],
)
def test_other_paths_are_an_error(path: Any) -> None:
    assert "ingress_path is" in problems_of(an_item(ingress_path=path))


def test_labels_of_a_record_are_taken() -> None:
    assert read_endpoint(an_item(labels={"team": "nlp", "example.com/cost": ""}), SCOPE).labels == {
        "team": "nlp",
        "example.com/cost": "",
    }


@pytest.mark.parametrize(
    "labels", ["team=nlp", {"": "a"}, {"team": 5}, {"team": "a b"}, {"-a": "b"}, {"a/b/c": "d"}, {"team": "a" * 64}]
)
def test_labels_that_kubernetes_would_refuse_are_an_error(labels: Any) -> None:
    assert "labels" in problems_of(an_item(labels=labels))


def test_every_problem_is_reported_at_once() -> None:
    spec = a_spec(image="", port="abc", env=[], canary={"weight": 100})

    message = problems_of(an_item("Bad.Name", spec=spec, namespace="default", labels={"a b": "c"}))

    for field in ("endpoint_name", "namespace", "labels", "spec.image", "spec.port", "spec.env"):
        assert f"{field} is" in message
    for field in ("spec.canary.image", "spec.canary.weight"):
        assert f"{field} is" in message


def test_a_wrong_path_is_reported_beside_a_wrong_namespace() -> None:
    message = problems_of(an_item(namespace="default", ingress_path="/a b"))

    assert "namespace is" in message
    assert "ingress_path is" in message


def test_a_path_made_from_a_wrong_name_is_not_reported_as_well() -> None:
    assert "ingress_path" not in problems_of(an_item("Bad Name", ingress_path=...))


def test_fields_that_nobody_knows_are_ignored() -> None:
    known = read_endpoint(an_item(), SCOPE)

    other = read_endpoint(an_item(spec=a_spec(shape="round"), colour="blue", created_by="ada"), SCOPE)

    assert other == known


def test_null_means_absent_in_every_place() -> None:
    nulls = dict.fromkeys(("port", "replicas", "env", "resources", "canary", "rollout", "tolerations", "model_source"))
    inner = {"resources": {"requests": None, "limits": None}, "autoscaling": {"enabled": None, "min_replicas": None}}

    assert read_endpoint(an_item(spec=a_spec(**nulls), labels=None), SCOPE) == read_endpoint(an_item(), SCOPE)
    assert read_endpoint(an_item(spec=a_spec(**inner)), SCOPE) == read_endpoint(
        an_item(spec=a_spec(resources={}, autoscaling={})), SCOPE
    )


SECRET = "hf-s3cr3t"  # no message and no log may show it


@pytest.mark.parametrize(
    "env",
    [
        {"TOKEN": [SECRET]},
        {"TOKEN": {"value": SECRET}},
        {"a b": SECRET},
        {"a=b": SECRET, "TOKEN": SECRET},
        [{"name": "TOKEN", "value": SECRET}],
        f"TOKEN={SECRET}",
    ],
)
def test_values_of_the_environment_are_never_in_a_message(env: Any) -> None:
    message = problems_of(an_item(spec=a_spec(env=env)))

    assert "spec.env" in message
    assert SECRET not in message


@pytest.mark.parametrize("spec", [f'{{"env": {{"TOKEN": "{SECRET}"}}}}', [{"env": {"TOKEN": SECRET}}]])
def test_a_spec_that_is_no_map_is_not_shown(spec: Any) -> None:
    message = problems_of(an_item(spec=spec))

    assert "spec is" in message
    assert "must be a map" in message
    assert SECRET not in message


@pytest.mark.parametrize("field", ["args", "command"])
def test_arguments_that_are_no_list_are_not_shown(field: str) -> None:
    message = problems_of(an_item(spec=a_spec(**{field: f"--api-key {SECRET}"})))

    assert f"spec.{field}" in message
    assert SECRET not in message


def test_the_hash_counts_what_is_asked_for_and_nothing_else() -> None:
    item = an_item()
    restated = an_item(desired_state="stopped", target_regions=["x"], updated_at="later", region_status={"x": {}})

    assert spec_hash(restated) == spec_hash(item)
    assert spec_hash(an_item(labels=None, created_by="ada")) == spec_hash(an_item(labels=...))
    others: list[dict[str, Any]] = [
        {"spec": a_spec(port=1)},
        {"ingress_path": "/x"},
        {"labels": {"a": "b"}},
        {"namespace": "x"},
    ]
    assert len({spec_hash(item), *(spec_hash(an_item(**other)) for other in others)}) == 5


def test_the_hash_is_16_digits_and_stays_the_same_over_releases() -> None:
    item = {"endpoint_name": NAME, "spec": {"image": "acme/llama:v1", "port": Decimal(8000)}}

    assert spec_hash(item) == "93f4e1b9e0932dfa"


def test_numbers_count_in_full_in_the_hash() -> None:
    seeds = [Decimal("1" * 37 + last) for last in "12"]

    hashes = {spec_hash(an_item(spec=a_spec(env={"SEED": seed}))) for seed in seeds}

    assert len(hashes) == 2


@given(item=junk_items())
def test_nothing_that_a_record_may_hold_raises_anything_but_invalid_record(item: dict[str, Any]) -> None:
    before = copy.deepcopy(item)

    for read in (read_record, lambda record: read_endpoint(record, SCOPE)):
        with suppress(InvalidRecord):
            read(item)

    assert repr(item) == repr(before)


@given(item=junk_items(), other=junk_items(), seen=st.booleans())
def test_nothing_that_a_record_may_hold_breaks_a_decision(
    item: dict[str, Any], other: dict[str, Any], seen: bool
) -> None:
    request = a_request(item)

    plan = make_plan(request, Observed(pods=()), SCOPE, now=NOW)
    region_status(request, Outcome(plan=plan, observed=Observed(pods=()), is_new=seen), SCOPE, now=NOW)

    assert len(spec_hash(item)) == 16
    assert deserves_a_look(a_change(item, other), region=REGION) in (True, False)
    if request.record is not None:
        assert may_be_promoted(item, request.record) in (True, False)
        assert may_be_purged(request.record) in (True, False)
