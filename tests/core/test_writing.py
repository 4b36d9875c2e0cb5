"""Records and changes as people write them."""

from decimal import Decimal
from typing import Any

import pytest

from gco_stream.core.record import DesiredState
from gco_stream.core.writing import (
    a_new_record,
    applied,
    as_written,
    dormant_problems,
    problems_of,
    scaled,
    told,
    unknown_fields,
    with_image,
)
from gco_stream.errors import InvalidRecord
from tests.builders import NOW, SCOPE, a_spec, an_item, at


def a_wanted(**fields: Any) -> dict[str, Any]:
    return {"endpoint_name": "llama", "spec": a_spec(), **fields}


def new(**fields: Any) -> dict[str, Any]:
    return dict(a_new_record(a_wanted(**fields), namespace="ns", regions=["us-east-1"], now=NOW))


class TestNewRecords:
    def test_say_everything_that_a_controller_needs(self) -> None:
        assert new() == {
            "endpoint_name": "llama",
            "desired_state": "deploying",
            "target_regions": ["us-east-1"],
            "namespace": "ns",
            "spec": a_spec(),
            "ingress_path": "/inference/llama",
            "created_at": at(),
            "updated_at": at(),
            "region_status": {},
        }

    def test_take_over_what_is_said_but_no_times_and_no_statuses(self) -> None:
        given = {"target_regions": ["eu-west-1"], "labels": {"team": "x"}, "unknown": 1}
        stale = {"created_at": "then", "updated_at": "then", "region_status": {"us-east-1": {"state": "running"}}}

        record = new(**given, **stale)

        assert given.items() <= record.items()
        assert (record["created_at"], record["updated_at"], record["region_status"]) == (at(), at(), {})


class TestChanges:
    def test_scaling_sets_the_count_alone(self) -> None:
        change = scaled(an_item(desired_state="stopped"), 3, now=NOW)

        assert change.sets == {("spec", "replicas"): 3, ("updated_at",): at()}
        assert change.after["spec"] == {**an_item()["spec"], "replicas": 3}
        assert change.after["desired_state"] == "stopped"

    def test_a_change_leaves_the_record_that_it_was_made_from(self) -> None:
        item = an_item()

        _ = scaled(item, 3, now=NOW).after

        assert item == an_item()

    @pytest.mark.parametrize("state", [DesiredState.RUNNING, DesiredState.STOPPED, DesiredState.DELETED])
    def test_starting_stopping_and_deleting_set_the_state_alone(self, state: DesiredState) -> None:
        change = told(an_item(), state, now=NOW)

        assert change.sets == {("desired_state",): state.value, ("updated_at",): at()}

    @pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
    def test_another_image_writes_the_whole_spec_and_deploying_from_any_state(self, state: str) -> None:
        item = an_item(desired_state=state, spec=a_spec(replicas=2, unknown="kept"))

        change = with_image(item, "acme/server:v2", now=NOW)

        assert change.sets == {
            ("spec",): {**item["spec"], "image": "acme/server:v2"},
            ("desired_state",): "deploying",
            ("updated_at",): at(),
        }

    def test_a_spec_that_is_no_map_is_replaced(self) -> None:
        assert with_image(an_item(spec=["no map"]), "a:v1", now=NOW).after["spec"] == {"image": "a:v1"}
        assert scaled(an_item(spec=...), 2, now=NOW).after["spec"] == {"replicas": 2}

    def test_each_is_guarded_by_what_it_changes_and_by_the_records_origin(self) -> None:
        item = an_item()

        guards = {
            name: set(change.unchanged)
            for name, change in {
                "scale": scaled(item, 3, now=NOW),
                "stop": told(item, DesiredState.STOPPED, now=NOW),
                "image": with_image(item, "a:v2", now=NOW),
            }.items()
        }

        assert guards == {
            "scale": {("created_at",), ("spec", "replicas")},
            "stop": {("created_at",), ("desired_state",)},
            "image": {("created_at",), ("spec",), ("desired_state",)},
        }


class TestApplying:
    def test_what_is_so_already_is_no_change(self) -> None:
        item = an_item(desired_state="running", spec=a_spec(replicas=2))

        assert applied(item, a_wanted(spec=a_spec(replicas=2), desired_state="deploying"), now=NOW) is None
        assert applied(item, a_wanted(spec=a_spec(replicas=2)), now=NOW) is None

    def test_only_what_differs_is_written_and_the_spec_whole(self) -> None:
        item = an_item(desired_state="running", spec=a_spec(replicas=2), labels={"team": "x"})

        change = applied(item, a_wanted(labels={"team": "x"}), now=NOW)

        assert change is not None
        assert change.sets == {("spec",): a_spec(), ("desired_state",): "deploying", ("updated_at",): at()}
        assert ("spec",) in change.unchanged

    @pytest.mark.parametrize("live", ["stopped", "deleted"])
    def test_a_record_that_should_run_is_started(self, live: str) -> None:
        change = applied(an_item(desired_state=live), a_wanted(desired_state="running"), now=NOW)

        assert change is not None
        assert change.after["desired_state"] == "running"

    def test_a_file_that_says_nothing_of_the_state_leaves_it(self) -> None:
        assert applied(an_item(desired_state="stopped"), a_wanted(), now=NOW) is None

    def test_a_file_may_stop(self) -> None:
        change = applied(an_item(desired_state="running"), a_wanted(desired_state="stopped"), now=NOW)

        assert change is not None
        assert change.sets == {("desired_state",): "stopped", ("updated_at",): at()}

    def test_statuses_and_times_of_a_file_are_not_written(self) -> None:
        assert applied(an_item(), a_wanted(region_status={"x": {}}, updated_at="then"), now=NOW) is None


class TestValues:
    def test_fractions_become_strings_and_the_rest_stays(self) -> None:
        value = {"a": 0.5, "b": [1, 2.0, True, None, "x"], "c": {"d": 3}}

        assert as_written(value) == {"a": "0.5", "b": [1, "2.0", True, None, "x"], "c": {"d": 3}}

    @pytest.mark.parametrize("value", [10**38, b"bytes", {1: "a"}, Decimal(1), object()])
    def test_what_a_table_cannot_hold_is_named(self, value: object) -> None:
        with pytest.raises(InvalidRecord) as error:
            as_written({"spec": {"env": value}}, "record")

        assert "record.spec.env" in str(error.value)

    def test_endless_nesting_is_refused(self) -> None:
        endless: list[Any] = []
        endless.append(endless)

        with pytest.raises(InvalidRecord, match="levels"):
            as_written(endless, "spec")


class TestProblems:
    def test_of_both_parts_of_a_record_are_found_at_once(self) -> None:
        item = an_item(desired_state="gone", target_regions=[], ingress_path="/", spec={"port": 0})

        fields = {problem.field for problem in problems_of(item, SCOPE)}

        assert fields == {"desired_state", "target_regions", "ingress_path", "spec.port", "spec.image"}

    def test_that_only_show_in_the_whole_are_found(self) -> None:
        item = an_item(spec=a_spec(image="vllm/vllm-openai:v1", args=["--root-path", "/ä"]))

        assert [problem.field for problem in problems_of(item, SCOPE)] == ["spec.args (--root-path)"]

    @pytest.mark.parametrize("name", [None, "", 7, ["a"]])
    def test_of_a_record_without_a_name_is_that(self, name: object) -> None:
        assert [p.field for p in problems_of({**an_item(), "endpoint_name": name}, SCOPE)] == ["endpoint_name"]

    def test_a_right_record_has_none(self) -> None:
        assert problems_of(an_item(), SCOPE) == ()


class TestDormantProblems:
    @pytest.mark.behaviour("B34")
    @pytest.mark.parametrize("off", [{}, {"enabled": False}, {"enabled": "false"}])
    def test_of_autoscaling_that_is_off_are_found_and_are_no_problems_yet(self, off: dict[str, Any]) -> None:
        item = an_item(spec=a_spec(autoscaling={"min_replicas": 0, "metrics": [{"type": "gpu"}], **off}))

        fields = [problem.field for problem in dormant_problems(item, SCOPE)]

        assert fields == ["spec.autoscaling.min_replicas", "spec.autoscaling.metrics[0].type"]
        assert problems_of(item, SCOPE) == ()

    def test_of_autoscaling_that_is_on_are_problems_already(self) -> None:
        item = an_item(spec=a_spec(port=0, autoscaling={"enabled": True, "min_replicas": 0}))

        assert [problem.field for problem in problems_of(item, SCOPE)] == ["spec.port", "spec.autoscaling.min_replicas"]
        assert dormant_problems(item, SCOPE) == ()

    @pytest.mark.parametrize("spec", [None, "x", {}, {"autoscaling": 5}, a_spec(autoscaling={"min_replicas": 2})])
    def test_there_are_none_where_nothing_sleeps(self, spec: Any) -> None:
        assert dormant_problems({**an_item(), "spec": spec}, SCOPE) == ()


def test_slips_of_the_pen_are_named() -> None:
    item = an_item(spec=a_spec(replica=3), label={"a": "b"}, created_by="me")

    assert unknown_fields(item) == ("label", "spec.replica")
