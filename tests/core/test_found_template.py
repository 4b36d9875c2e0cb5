"""What is kept of the poller's Deployments; ``golden_found/`` holds what is applied to each kind of server.

A change there restarts pods that nobody has touched. Where that is meant, renew the files as in
``manifests/test_golden.py`` and read the difference.
"""

import copy
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.adoption import adopting_fold, as_folded
from gco_stream.core.found_template import (
    Serving,
    as_found,
    keeps_found_template,
    serving_of,
    template_fields_hash,
    with_found_template,
)
from gco_stream.core.manifests.ownership import FOUND_TEMPLATE, TEMPLATE_VERSION
from gco_stream.core.models import Kind
from gco_stream.core.projection import project
from gco_stream.core.record import read_endpoint
from gco_stream.core.spec import EndpointSpec
from tests.builders import ELSEWHERE, REGION, SCOPE, an_item, as_stored, manifests_of
from tests.left_behind import kept
from tests.poller import deployment
from tests.server_side_apply import applied
from tests.strategies import specs

GOLDEN = Path(__file__).parent / "golden_found"

RECORDS: dict[str, dict[str, Any]] = {
    "vllm": {
        "image": "vllm/vllm-openai:v0.8.0",
        "env": {"SERVED": "$(MODEL)", "MODEL": "m", "SHARE": "0.9", "WORKERS": 2, "TRUST": True},
        "args": ["--model", "$(MODEL)"],
        "model_path": "/models",
        "capacity_type": "spot",
    },
    "tgi": {"image": "ghcr.io/huggingface/text-generation-inference:3.0", "replicas": 2, "gpu_count": 2},
    "plain": {"image": "acme/server", "command": ["serve"], "args": [], "port": 9000, "health_check_path": "/"},
    "mistaken": {"image": "acme/postgis-search:1", "region_image_uris": {REGION: "r.example/acme/postgis-search:1"}},
    "neuron": {"image": "acme/neuron-server:1", "accelerator": "neuron", "gpu_type": "inf2.xlarge"},
    "model-source": {"image": "acme/server:1", "model_source": "s3://acme-models/m", "labels": {"team": "nlp"}},
    "no-accelerator": {"image": "acme/embedder:1", "gpu_count": 0, "tolerations": [{"operator": "Exists"}]},
    "placement": {
        "image": "acme/server:1",
        "node_selector": {"pool": "a100"},
        "resources": {"requests": {"cpu": 2}, "limits": {"memory": "64Gi"}},
        "rollout": {"max_surge": 1},
    },
}


def hash_of(**spec: Any) -> str:
    return template_fields_hash(a_spec(**spec), region=REGION)


def a_spec(**fields: Any) -> EndpointSpec:
    return read_endpoint(an_item(spec={"image": "acme/server:1", **fields}), SCOPE).spec


def adopted(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """What is applied to the Deployment that the poller made for a record."""
    endpoint = read_endpoint(an_item(name, spec=spec), SCOPE)
    live = kept(deployment(an_item(name, spec=spec)))
    rendered = manifests_of(endpoint)[Kind.DEPLOYMENT]
    wanted = template_fields_hash(endpoint.spec, region=REGION)
    return dict(with_found_template(rendered, live, wanted_hash=wanted))


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("name", RECORDS)
def test_what_is_applied_to_each_kind_of_server_is_what_is_written(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    text = json.dumps(adopted(name, RECORDS[name]), indent=2) + "\n"
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(text)

    assert text == path.read_text()


def test_nothing_is_written_that_is_not_applied() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == RECORDS.keys()


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("name", RECORDS)
def test_template_and_strategy_stay_to_the_letter(name: str) -> None:
    live = kept(deployment(an_item(name, spec=RECORDS[name])))

    assert as_found(live)["spec"] == {field: live["spec"][field] for field in ("strategy", "template")}


@pytest.mark.behaviour("B35")
def test_what_is_kept_is_the_same_before_and_after_folding_and_applying() -> None:
    spec = RECORDS["vllm"]
    live = kept(deployment(an_item("vllm", spec=spec)))
    folded = as_folded(live, adopting_fold(live, keeps_replicas=False))
    after = applied(folded, adopted("vllm", spec), manager="gco-stream")

    assert as_found(live) == as_found(folded) == as_found(after)


@pytest.mark.behaviour("B35")
def test_what_people_have_put_into_the_template_is_not_made_ours() -> None:
    live = kept(deployment(an_item(spec=RECORDS["vllm"])))
    before = copy.deepcopy(live)
    pod = live["spec"]["template"]["spec"]
    pod["containers"].append({"name": "sidecar", "image": "otel:1"})
    pod["containers"][0]["env"].insert(1, {"name": "THEIRS", "value": "1"})
    pod["priorityClassName"] = "high"

    assert as_found(live) == as_found(before)


def test_of_a_projection_nothing_was_found() -> None:
    assert as_found(project(kept(deployment(an_item())))) == {"spec": {}}


@pytest.mark.behaviour("B35")
def test_the_rest_of_the_deployment_is_as_it_is_rendered() -> None:
    rendered = manifests_of(read_endpoint(an_item(spec=RECORDS["tgi"]), SCOPE))[Kind.DEPLOYMENT]
    live = kept(deployment(an_item(spec=RECORDS["tgi"])))

    manifest = with_found_template(rendered, live, wanted_hash="abc")

    found = ("strategy", "template")
    assert {k: v for k, v in manifest["spec"].items() if k not in found} == {
        k: v for k, v in rendered["spec"].items() if k not in found
    }
    labels = rendered["metadata"]["labels"] | {TEMPLATE_VERSION: "1", FOUND_TEMPLATE: "abc"}
    assert manifest["metadata"] == {**rendered["metadata"], "labels": labels}


@pytest.mark.behaviour("B35")
def test_hashes_that_are_out_there_stay_what_they_are() -> None:
    # Another hash for the same record would roll out every adopted endpoint at once.
    assert hash_of() == "b2c8e73d2bd29a322802"
    assert hash_of(**RECORDS["vllm"]) == "3050df659c87ff5e2d12"


@pytest.mark.parametrize(
    "change",
    [
        {"replicas": 5},
        {"autoscaling": {"enabled": True}},
        {"canary": {"image": "acme/server:2"}},
        {"rollout": {"max_surge": 1}},
        {"region_image_uris": {ELSEWHERE: "r.example/acme/server:1"}},
        {"region_image_uris": {REGION: "r.example/acme/server:0"}},
        {"unknown": "x"},
    ],
    ids=str,
)
@pytest.mark.behaviour("B35")
def test_what_says_nothing_of_the_pods_here_is_no_edit_of_the_template(change: dict[str, Any]) -> None:
    assert hash_of(**change) == hash_of()


@pytest.mark.parametrize(
    "change",
    [
        {"image": "acme/server:2"},
        {"port": 8001},
        {"gpu_count": 2},
        {"gpu_count": 0},
        {"accelerator": "neuron"},
        {"health_check_path": "/ready"},
        {"env": {"A": "1"}},
        {"resources": {"requests": {"cpu": "2", "memory": "4Gi"}}},
        {"resources": {"limits": {"cpu": "4"}}},
        {"command": ["serve"]},
        {"args": ["--x"]},
        {"model_path": "/models"},
        {"model_source": "s3://acme/m"},
        {"node_selector": {"pool": "a"}},
        {"tolerations": [{"operator": "Exists"}]},
        {"capacity_type": "spot"},
        {"gpu_type": "g6.xlarge"},
        {"region_image_uris": {REGION: "r.example/acme/server:1"}},
    ],
    ids=str,
)
@pytest.mark.behaviour("B35")
def test_every_edit_of_a_template_field_is_one(change: dict[str, Any]) -> None:
    assert hash_of(**change) != hash_of()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"port": 8000}, {}),
        ({"env": {}, "command": [], "model_path": None, "resources": {}}, {}),
        ({"gpu_count": Decimal(2)}, {"gpu_count": "2"}),
        ({"env": {"A": 2}}, {"env": {"A": Decimal("2.0")}}),
        ({"env": {"A": "1", "B": "2"}}, {"env": {"B": "2", "A": "1"}}),
        ({"resources": {"requests": {"cpu": Decimal(2)}}}, {"resources": {"requests": {"cpu": "2000m"}}}),
        (
            {"resources": {"limits": {"cpu": "4", "memory": "16Gi"}}},
            {"resources": {"limits": {"memory": "16384Mi", "cpu": 4}}},
        ),
        ({"resources": {"limits": {"cpu": "4", "memory": "16Gi"}}}, {}),
    ],
    ids=str,
)
def test_the_same_in_other_words_is_no_edit(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert hash_of(**one) == hash_of(**other)


@given(spec=specs)
def test_a_record_and_its_copy_in_the_table_have_one_hash_that_fits_a_label(spec: dict[str, Any]) -> None:
    found = hash_of(**spec)

    assert found == hash_of(**as_stored(spec))
    assert found.isalnum()
    assert len(found) <= 63


@pytest.mark.behaviour("B35")
def test_a_canary_differs_in_its_image_alone() -> None:
    spec = a_spec(canary={"image": "acme/server:2"}, env={"A": "1"})

    assert template_fields_hash(spec, region=REGION, canary=True) == hash_of(image="acme/server:2", env={"A": "1"})


def a_found(*, replicas: int = 1, running: int = 1, wanted: str = "abc") -> dict[str, Any]:
    labels = {FOUND_TEMPLATE: wanted}
    return {"metadata": {"labels": labels}, "spec": {"replicas": replicas}, "status": {"replicas": running}}


@pytest.mark.behaviour("B35")
def test_a_template_is_kept_until_its_fields_are_edited() -> None:
    assert keeps_found_template(a_found(), "abc")
    assert not keeps_found_template(a_found(), "def")


@pytest.mark.behaviour("B35")
def test_where_there_are_no_pods_to_be_spared_no_template_is_kept() -> None:
    assert not keeps_found_template(a_found(replicas=0, running=0), "abc")
    assert keeps_found_template(a_found(replicas=0, running=1), "abc")
    assert keeps_found_template(a_found(replicas=3, running=0), "abc")


def test_what_has_no_labels_keeps_nothing() -> None:
    assert not keeps_found_template({"metadata": {}}, "abc")
    assert not keeps_found_template({}, "abc")


@pytest.mark.behaviour("B35")
def test_a_server_that_mounts_itself_is_asked_where_its_pods_are() -> None:
    serving = serving_of(kept(deployment(an_item("postgis", spec=RECORDS["mistaken"]))))

    assert serving == Serving(port=8000, health_path="/inference/postgis/health")


def test_where_pods_answer_is_told_by_a_projection_once_they_are_kept() -> None:
    live = kept(deployment(an_item()))
    labels = {**live["metadata"]["labels"], FOUND_TEMPLATE: "abc"}
    adopted_one = {**live, "metadata": {**live["metadata"], "labels": labels}}

    assert serving_of(project(adopted_one)) == serving_of(live)
    assert keeps_found_template(project(adopted_one), "abc")
    assert serving_of(project(live)) is None
