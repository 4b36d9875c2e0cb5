from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.manifests import render
from gco_stream.core.merging import entry_key, fields_of, leftovers, list_key, owned_part
from gco_stream.core.record import read_endpoint
from tests.builders import MANAGER, SCOPE, a_live, an_endpoint, an_item, changed, deployment_of
from tests.server_side_apply import fields_v1
from tests.strategies import labels, specs


def body(manifest: Any) -> Any:
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in ("name", "namespace")}
    return {**{k: v for k, v in manifest.items() if k not in ("apiVersion", "kind")}, "metadata": metadata}


@given(spec=specs, labels=labels)
def test_what_we_own_of_a_live_object_is_what_we_applied(spec: dict[str, Any], labels: dict[str, str]) -> None:
    endpoint = read_endpoint(an_item(spec=spec, labels=labels), SCOPE)

    for manifest in render(endpoint, SCOPE, replicas=1).values():
        live = a_live(manifest)

        owned = owned_part(fields_of(live, MANAGER), live)

        assert owned == body(manifest)
        assert list(leftovers(fields_of(live, MANAGER), manifest)) == []


def test_only_what_was_applied_by_the_manager_is_its_own() -> None:
    live = a_live(deployment_of(an_endpoint()))
    (ours,) = live["metadata"]["managedFields"]
    others = [
        {**ours, "operation": "Update", "fieldsV1": {"f:a": {}}},
        {**ours, "manager": "kubectl", "fieldsV1": {"f:b": {}}},
        {**ours, "subresource": "status", "fieldsV1": {"f:c": {}}},
    ]

    assert fields_of(changed(live, managedFields=[*others, ours]), MANAGER) == ours["fieldsV1"]
    assert fields_of(changed(live, managedFields=others), MANAGER) == {}
    assert fields_of(changed(live, managedFields=None), MANAGER) == {}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"env": {}}, "spec.template.spec.containers[inference].env"),
        ({"env": {"B": "2"}}, "spec.template.spec.containers[inference].env[A]"),
        ({"args": []}, "spec.template.spec.containers[inference].args"),
        ({"model_path": None}, "spec.template.spec.volumes"),
        ({"gpu_count": 0}, "spec.template.spec.tolerations"),
        ({"gpu_count": 0}, "spec.template.spec.nodeSelector"),
        ({"port": 9000}, "spec.template.spec.containers[inference].ports[8000,TCP]"),
        ({"labels": {}}, "metadata.labels.team"),
    ],
)
def test_what_is_no_longer_wanted_is_left_over(change: dict[str, Any], path: str) -> None:
    before: dict[str, Any] = {
        "env": {"A": "1", "B": "2"},
        "args": ["x"],
        "model_path": "/models",
        "labels": {"team": "nlp"},
    }
    fields = fields_v1(deployment_of(an_endpoint(**before)))

    after = deployment_of(an_endpoint(**{**before, **change}))

    assert any(left.startswith(path) for left in leftovers(fields, after))


def test_owned_entries_keep_the_order_of_the_object() -> None:
    live = {
        "env": [{"name": "B", "value": "2"}, {"name": "hand", "value": "x"}, {"name": "A", "value": "1", "more": 1}]
    }
    step: dict[str, Any] = {".": {}, "f:name": {}, "f:value": {}}
    fields = {"f:env": {'k:{"name":"A"}': step, 'k:{"name":"B"}': step}, "f:gone": {}}

    assert owned_part(fields, live) == {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}


@pytest.mark.parametrize(
    ("kind", "field", "key"),
    [
        ("Deployment", "containers", {"name": None}),
        ("Deployment", "env", {"name": None}),
        ("Deployment", "volumeMounts", {"mountPath": None}),
        ("Deployment", "ports", {"containerPort": None, "protocol": "TCP"}),
        ("Service", "ports", {"port": None, "protocol": "TCP"}),
        ("Deployment", "args", None),
        ("Deployment", "tolerations", None),
        ("Ingress", "rules", None),
        ("Ingress", "ports", None),
    ],
)
def test_lists_merge_under_the_keys_of_their_kind(kind: str, field: str, key: object) -> None:
    assert list_key(kind, field) == key


def test_a_port_without_a_protocol_is_a_tcp_port() -> None:
    key = list_key("Service", "ports")

    assert key is not None
    assert entry_key({"port": 80}, key) == entry_key({"port": 80, "protocol": "TCP"}, key)
    assert entry_key({"port": 80}, key) != entry_key({"port": 80, "protocol": "UDP"}, key)


def test_an_empty_string_that_the_api_server_dropped_can_be_told_from_what_was_never_there() -> None:
    fields: dict[str, Any] = {"f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}}}
    live = {"env": [{"name": "A"}]}

    assert owned_part(fields, live) == live
    assert owned_part(fields, live, with_empty=True) == {"env": [{"name": "A", "value": ""}]}
