from decimal import Decimal
from typing import Any

import pytest

from gco_stream.core.record import read_endpoint
from gco_stream.core.spec import Autoscaling, EndpointSpec, Metric, Toleration
from gco_stream.errors import InvalidRecord
from tests.builders import SCOPE, a_spec, an_item


def read(**spec: Any) -> EndpointSpec:
    return read_endpoint(an_item(spec=a_spec(**spec)), SCOPE).spec


def problems_of(**spec: Any) -> str:
    with pytest.raises(InvalidRecord) as caught:
        read(**spec)
    return str(caught.value)


def test_everything_but_the_image_has_a_default() -> None:
    spec = read()

    assert (spec.port, spec.replicas, spec.gpu_count, spec.accelerator) == (8000, 1, 1, "nvidia")
    assert spec.health_check_path == "/health"
    assert spec.resources.requests == {"cpu": "1", "memory": "4Gi"}
    assert spec.resources.limits == {"cpu": "4", "memory": "16Gi"}
    assert (spec.env, spec.node_selector, spec.region_image_uris) == ({}, {}, {})
    assert (spec.command, spec.args, spec.tolerations) == ((), (), ())
    assert (spec.model_path, spec.model_source, spec.capacity_type, spec.gpu_type) == (None, None, None, None)
    assert (spec.autoscaling, spec.canary) == (None, None)
    rollout = spec.rollout
    assert (rollout.max_surge, rollout.max_unavailable, rollout.progress_deadline_seconds) == (None, None, None)
    assert not spec.autoscaled


def test_autoscaling_has_defaults_of_its_own() -> None:
    autoscaling = read(autoscaling={"enabled": True}).autoscaling

    assert autoscaling is not None
    assert (autoscaling.min_replicas, autoscaling.max_replicas) == (1, 10)
    assert autoscaling.metrics == (Metric(type="cpu", target=70),)
    assert read(autoscaling={"enabled": True}).autoscaled
    assert not read(autoscaling={"enabled": False}).autoscaled
    assert not read(autoscaling={}).autoscaled


def test_a_canary_has_defaults_of_its_own() -> None:
    canary = read(canary={"image": "acme/llama:v2"}).canary

    assert canary is not None
    assert (canary.image, canary.weight, canary.replicas) == ("acme/llama:v2", 10, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("port", 65535), ("port", 1), ("replicas", 0), ("replicas", 3), ("gpu_count", 0), ("gpu_count", 8)],
)
def test_numbers_are_read_as_decimals_and_as_strings(field: str, value: int) -> None:
    for given in (value, Decimal(value), str(value), f"{value}.0"):
        assert getattr(read(**{field: given}), field) == value


@pytest.mark.behaviour("B16")
def test_no_replicas_is_a_count_like_any_other() -> None:
    assert read(replicas=0).replicas == 0
    assert read(replicas="0").replicas == 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"image": None}, "spec.image is missing: is required"),
        ({"image": ""}, "spec.image is '': must be a non-empty string"),
        ({"image": " "}, "spec.image is ' ': must be a non-empty string"),
        ({"image": 5}, "spec.image is 5: must be a non-empty string"),
        ({"port": "abc"}, "spec.port is 'abc': must be a whole number from 1 to 65535"),
        ({"port": 0}, "spec.port is 0: must be a whole number from 1 to 65535"),
        ({"port": 70000}, "spec.port is 70000: must be a whole number from 1 to 65535"),
        ({"replicas": -1}, "spec.replicas is -1: must be a whole number from 0"),
        ({"replicas": "0.5"}, "spec.replicas is '0.5': must be a whole number from 0"),
        ({"gpu_count": 0.5}, "spec.gpu_count is 0.5: must be a whole number from 0"),
        ({"accelerator": "tpu"}, "spec.accelerator is 'tpu': must be 'nvidia' or 'neuron'"),
        ({"health_check_path": "health"}, "spec.health_check_path is 'health': must be a string that starts with '/'"),
        ({"region_image_uris": "x"}, "spec.region_image_uris is a string: must be a map"),
        ({"env": {"1A": "x"}}, "spec.env is a map with the name '1A': must have valid environment variable names only"),
        ({"env": {"A": []}}, "spec.env.A is a list: must be a string, a number or a boolean"),
        ({"resources": "big"}, "spec.resources is a string: must be a map"),
        (
            {"resources": {"limits": {"cpu": "lots"}}},
            "spec.resources.limits.cpu is 'lots': must be a Kubernetes quantity",
        ),
        ({"command": "serve"}, "spec.command is a string: must be a list"),
        ({"args": ["--port", 8000]}, "spec.args[1] is 8000: must be a string"),
        ({"model_path": ""}, "spec.model_path is '': must be a non-empty string"),
        ({"model_source": "hf://a"}, "spec.model_source is 'hf://a': must be an S3 URI such as 's3://bucket/prefix'"),
        ({"node_selector": {"a b": "c"}}, "spec.node_selector is a map with the key 'a b': must have valid Kubernetes"),
        ({"tolerations": {"key": "a"}}, "spec.tolerations is a map: must be a list"),
        ({"tolerations": [{"operator": "In"}]}, "spec.tolerations[0].operator is 'In': must be 'Equal' or 'Exists'"),
        (
            {"tolerations": [{"keys": "a"}]},
            "spec.tolerations[0].keys is 'a': is not a field of a Kubernetes toleration",
        ),
        ({"capacity_type": "cheap"}, "spec.capacity_type is 'cheap': must be 'spot' or 'on-demand'"),
        ({"gpu_type": ""}, "spec.gpu_type is '': must be a non-empty string"),
        ({"autoscaling": 5}, "spec.autoscaling is a single value: must be a map"),
        ({"autoscaling": {"enabled": "maybe"}}, "spec.autoscaling.enabled is 'maybe': must be true or false"),
        ({"autoscaling": {"enabled": 0}}, "spec.autoscaling.enabled is 0: must be true or false"),
        ({"canary": {"weight": 5}}, "spec.canary.image is missing: is required"),
        ({"canary": {"image": "a", "weight": 0}}, "spec.canary.weight is 0: must be a whole number from 1 to 99"),
        ({"canary": {"image": "a", "weight": 100}}, "spec.canary.weight is 100: must be a whole number from 1 to 99"),
        ({"canary": {"image": "a", "weight": "0.5"}}, "spec.canary.weight is '0.5': must be a whole number"),
        (
            {"rollout": {"max_surge": "few"}},
            "spec.rollout.max_surge is 'few': must be a whole number of at least 0 or a perc",
        ),
        ({"rollout": {"progress_deadline_seconds": 0}}, "spec.rollout.progress_deadline_seconds is 0: must be a whole"),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_what_would_be_right(spec: dict[str, Any], message: str) -> None:
    assert message in problems_of(**spec)


WRONG_AUTOSCALING: list[tuple[dict[str, Any], str]] = [
    ({"min_replicas": 0}, "min_replicas is 0: must be a whole number from 1 to 10000"),
    ({"min_replicas": "0.5"}, "min_replicas is '0.5': must be a whole number from 1 to 10000"),
    ({"max_replicas": 2**31}, "max_replicas is 2147483648: must be a whole number from 1 to 10000"),
    ({"max_replicas": True}, "max_replicas is True: must be a whole number from 1 to 10000"),
    ({"min_replicas": 5, "max_replicas": 2}, " is min_replicas 5, max_replicas 2: must not have min_replicas above"),
    ({"min_replicas": 11}, " is min_replicas 11, max_replicas 10: must not have min_replicas above max_replicas"),
    ({"metrics": {"type": "cpu"}}, "metrics is a map: must be a list"),
    ({"metrics": ["cpu"]}, "metrics[0] is a string: must be a map"),
    ({"metrics": [{"type": "gpu"}]}, "metrics[0].type is 'gpu': must be 'cpu' or 'memory'"),
    ({"metrics": [{}, {"type": "CPU"}]}, "metrics[1].type is 'CPU': must be 'cpu' or 'memory'"),
    ({"metrics": [{"target": 0}]}, "metrics[0].target is 0: must be a whole number from 1 to 10000"),
    ({"metrics": [{"target": "0.5"}]}, "metrics[0].target is '0.5': must be a whole number from 1 to 10000"),
    ({"metrics": [{"target": 2**31}]}, "metrics[0].target is 2147483648: must be a whole number from 1 to 10000"),
    ({"metrics": [{"target": 60}, {"type": "cpu"}]}, "metrics is a list with 'cpu' more than once: must have each"),
]


@pytest.mark.behaviour("B34")
@pytest.mark.parametrize(("autoscaling", "message"), WRONG_AUTOSCALING)
def test_autoscaling_that_could_not_be_as_it_is_written_is_refused(autoscaling: dict[str, Any], message: str) -> None:
    dot = "" if message.startswith(" ") else "."

    assert f"spec.autoscaling{dot}{message}" in problems_of(autoscaling={"enabled": True, **autoscaling})


@pytest.mark.behaviour("B34")
@pytest.mark.parametrize(("autoscaling", "message"), WRONG_AUTOSCALING)
def test_autoscaling_that_is_off_disturbs_nobody(autoscaling: dict[str, Any], message: str) -> None:
    for off in ({}, {"enabled": False}, {"enabled": "false"}, {"enabled": None}):
        assert read(autoscaling={**autoscaling, **off}).autoscaling == Autoscaling(), message


@pytest.mark.behaviour("B34")
def test_the_numbers_of_autoscaling_are_read_as_decimals_and_as_strings() -> None:
    for two, eighty in ((2, 80), (Decimal(2), Decimal(80)), ("2", "80"), ("2.0", "80.0")):
        given = {"enabled": "true", "min_replicas": two, "max_replicas": two, "metrics": [{"target": eighty}]}

        wanted = Autoscaling(enabled=True, min_replicas=2, max_replicas=2, metrics=(Metric(target=80),))
        assert read(autoscaling=given).autoscaling == wanted


@pytest.mark.behaviour("B34")
@pytest.mark.parametrize("metrics", [[], None])
def test_no_metrics_are_the_default_ones(metrics: list[Any] | None) -> None:
    given = {"enabled": True, "metrics": metrics}

    assert read(autoscaling=given).autoscaling == Autoscaling(enabled=True, metrics=(Metric(type="cpu", target=70),))


@pytest.mark.behaviour("B31")
@pytest.mark.parametrize("nothing", [0, "0", "0%", "00%", Decimal(0)])
def test_a_rollout_in_which_nothing_may_move_is_refused(nothing: object) -> None:
    message = problems_of(rollout={"max_surge": nothing, "max_unavailable": nothing})

    assert "no pod could ever be replaced" in message


@pytest.mark.behaviour("B33")
@pytest.mark.parametrize("uri", ["s3://models", "s3://models/", "s3://my.models-1/llama/3-8b", "s3://models/a'$(id);b"])
def test_s3_sources_are_accepted(uri: str) -> None:
    assert read(model_source=uri).model_source == uri


@pytest.mark.behaviour("B33")
@pytest.mark.parametrize(
    "uri", ["s3://", "s3://a/b", "s3://models/a b", "S3://models/a", "/models/a", "s3://models/a\n"]
)
def test_other_sources_are_refused(uri: str) -> None:
    assert "spec.model_source" in problems_of(model_source=uri)


def test_tolerations_are_taken_in_kubernetes_own_spelling() -> None:
    given = {
        "key": "dedicated",
        "operator": "Equal",
        "value": "ml",
        "effect": "NoExecute",
        "tolerationSeconds": Decimal(60),
    }

    assert read(tolerations=[given]).tolerations == (Toleration(**{**given, "tolerationSeconds": 60}),)


def test_a_spec_is_required() -> None:
    for item in (an_item(spec=...), an_item(spec={})):
        with pytest.raises(InvalidRecord, match=r"spec.image is missing: is required"):
            read_endpoint(item, SCOPE)


def test_entries_that_are_null_in_a_map_are_absent() -> None:
    spec = read(
        env={"A": None, "B": "x"}, node_selector={"zone": None}, resources={"limits": {"cpu": None, "memory": "1Gi"}}
    )

    assert spec.env == {"B": "x"}
    assert spec.node_selector == {}
    assert spec.resources.limits == {"memory": "1Gi"}


@pytest.mark.behaviour("B19", "B22")
@pytest.mark.parametrize("path", ["/a b", "/a\n", "/é", "/" + "x" * 1024, "/a#b", '/a"b', "/a|b", "/%zz", "/a\\b"])
def test_a_health_path_that_a_load_balancer_does_not_take_is_refused(path: str) -> None:
    assert "spec.health_check_path is " in problems_of(health_check_path=path)


def test_a_token_in_a_url_is_not_shown() -> None:
    told = problems_of(model_source="https://user:hf_secret@example.com/model")

    assert "hf_secret" not in told
    assert "spec.model_source is a URL that begins with 'https': must be an S3 URI" in told
