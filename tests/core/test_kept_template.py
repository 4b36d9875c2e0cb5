"""What is kept of running pods; ``golden_kept/`` holds what is applied to each kind of server that the poller made.

A change there restarts pods that nobody has touched. Where that is meant, renew the files as in
``manifests/test_golden.py`` and read the difference.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gco_stream.core.adoption import adopting_fold, as_folded
from gco_stream.core.kept_template import (
    Serving,
    is_as_found,
    keeps_template,
    serving_of,
    with_kept_template,
)
from gco_stream.core.manifests.ownership import FOUND_TEMPLATE, TEMPLATE_FIELDS, TEMPLATE_VERSION
from gco_stream.core.models import Kind, Manifest
from gco_stream.core.projection import project
from gco_stream.core.record import read_endpoint
from tests.builders import (
    REGION,
    SCOPE,
    a_deployment_status,
    a_live,
    an_endpoint,
    an_item,
    deployment_of,
    manifests_of,
)
from tests.core.golden import as_written_down
from tests.left_behind import kept
from tests.next_version import next_version
from tests.poller import deployment
from tests.server_side_apply import applied

GOLDEN = Path(__file__).parent / "golden_kept"

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


def adopted(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """What is applied to the Deployment that the poller made for a record."""
    endpoint = read_endpoint(an_item(name, spec=spec), SCOPE)
    live = kept(deployment(an_item(name, spec=spec)))
    rendered = manifests_of(endpoint)[Kind.DEPLOYMENT]
    return dict(with_kept_template(rendered, live))


def as_found(live: Manifest) -> Any:
    """What of a Deployment that was found stays."""
    spec = with_kept_template(deployment_of(an_endpoint()), live)["spec"]
    return {field: spec[field] for field in ("strategy", "template") if field in spec}


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("name", RECORDS)
def test_what_is_applied_to_each_kind_of_server_is_what_is_written(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    text = json.dumps(adopted(name, RECORDS[name]), indent=2) + "\n"

    assert text == as_written_down(path, text)


def test_nothing_is_written_that_is_not_applied() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == RECORDS.keys()


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("name", RECORDS)
def test_template_and_strategy_stay_to_the_letter(name: str) -> None:
    live = kept(deployment(an_item(name, spec=RECORDS[name])))

    assert as_found(live) == {field: live["spec"][field] for field in ("strategy", "template")}


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
    assert as_found(project(kept(deployment(an_item())))) == {}


@pytest.mark.behaviour("B35")
def test_the_rest_of_the_deployment_is_as_it_is_rendered() -> None:
    rendered = manifests_of(read_endpoint(an_item(spec=RECORDS["tgi"]), SCOPE))[Kind.DEPLOYMENT]
    live = kept(deployment(an_item(spec=RECORDS["tgi"])))

    manifest = with_kept_template(rendered, live)

    found = ("strategy", "template")
    assert {k: v for k, v in manifest["spec"].items() if k not in found} == {
        k: v for k, v in rendered["spec"].items() if k not in found
    }
    labels = dict(rendered["metadata"]["labels"])
    labels |= {TEMPLATE_VERSION: "1", FOUND_TEMPLATE: labels.pop(TEMPLATE_FIELDS)}
    assert manifest["metadata"] == {**rendered["metadata"], "labels": labels}


def taken_over(**status: Any) -> dict[str, Any]:
    """A Deployment of the poller's as it is once it was taken over."""
    rendered = deployment_of(an_endpoint(), replicas=status.pop("replicas", 1))
    return a_live(with_kept_template(rendered, kept(deployment(an_item()))), **(status or a_deployment_status(1)))


def ours(*, replicas: int = 1, running: int = 1, **spec: Any) -> dict[str, Any]:
    """A Deployment as this version makes it."""
    return a_live(deployment_of(an_endpoint(**spec), replicas=replicas), replicas=running)


@pytest.fixture(params=[taken_over, ours], ids=["the poller's", "an earlier version's"])
def made_before(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """A Deployment that the poller made, or this version, while the next one looks at it."""
    live: dict[str, Any] = request.param()
    with next_version():
        yield live


def keeps(live: Manifest, **spec: Any) -> bool:
    is_kept = {keeps_template(seen, an_endpoint(**spec), region=REGION) for seen in (live, project(live))}
    assert len(is_kept) == 1, "a projection tells as much"
    return is_kept.pop()


@pytest.mark.behaviour("B35")
def test_a_template_is_kept_until_one_of_its_fields_is_edited(made_before: dict[str, Any]) -> None:
    assert keeps(made_before)
    assert keeps(made_before, replicas=3, rollout={"max_surge": 1}, canary={"image": "acme/server:2"})
    assert not keeps(made_before, env={"A": "1"})
    assert not keeps(made_before, image="acme/server:2")


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize(("wanted", "there", "stays"), [(0, 0, False), (0, 1, True), (3, 0, True)])
def test_where_there_are_no_pods_to_be_spared_no_template_is_kept(
    made_before: dict[str, Any], wanted: int, there: int, stays: bool
) -> None:
    made_before["spec"]["replicas"], made_before["status"] = wanted, {"replicas": there}

    assert keeps(made_before) is stays


def test_what_this_version_made_is_compared_as_a_whole() -> None:
    assert not keeps(ours())


def test_what_bears_our_mark_and_no_version_is_rendered() -> None:
    live = ours()
    del live["metadata"]["labels"][TEMPLATE_VERSION]

    assert not keeps(live)
    assert not is_as_found(live)


@pytest.mark.behaviour("B35")
def test_where_it_cannot_be_told_what_the_record_said_pods_are_spared() -> None:
    live = ours()
    del live["metadata"]["labels"][TEMPLATE_FIELDS]

    with next_version():
        assert keeps(live, port=9000)


@pytest.mark.behaviour("B35")
def test_a_server_that_mounts_itself_is_asked_where_its_pods_are() -> None:
    serving = serving_of(kept(deployment(an_item("postgis", spec=RECORDS["mistaken"]))))

    assert serving == Serving(port=8000, health_path="/inference/postgis/health")


def test_where_pods_answer_is_told_by_a_projection_once_they_are_kept(made_before: dict[str, Any]) -> None:
    assert serving_of(project(made_before)) == serving_of(made_before) == Serving(port=8000, health_path="/health")


def test_a_projection_of_what_is_compared_as_a_whole_needs_not_say_where_pods_answer() -> None:
    assert serving_of(project(ours())) is None


def test_projections_share_what_they_say_alike() -> None:
    alike = ours(), ours()

    with next_version():
        one, other = (project(live)["spec"]["template"] for live in alike)

    assert one is other
