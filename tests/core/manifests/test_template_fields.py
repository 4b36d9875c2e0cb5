"""What a record says about its pods, as one hash: it changes with every edit of them, and with nothing else."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.manifests.template_fields import template_fields_hash
from gco_stream.core.record import read_endpoint
from tests.builders import ELSEWHERE, REGION, SCOPE, an_item, as_stored
from tests.strategies import specs

FULL: dict[str, Any] = {
    "image": "vllm/vllm-openai:v0.8.0",
    "env": {"SERVED": "$(MODEL)", "MODEL": "m", "SHARE": "0.9", "WORKERS": 2, "TRUST": True},
    "args": ["--model", "$(MODEL)"],
    "model_path": "/models",
    "capacity_type": "spot",
}


def hash_of(**spec: Any) -> str:
    given = {"image": "acme/server:1", **spec}
    return template_fields_hash(read_endpoint(an_item(spec=given), SCOPE).spec, region=REGION)


@pytest.mark.behaviour("B35")
def test_hashes_that_are_out_there_stay_what_they_are() -> None:
    # Another hash for the same record would roll out every adopted endpoint at once.
    assert hash_of() == "b2c8e73d2bd29a322802"
    assert hash_of(**FULL) == "3050df659c87ff5e2d12"


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
