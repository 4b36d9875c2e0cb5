import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.compare import differences
from gco_stream.core.manifests import render
from gco_stream.core.models import Kind, Manifest
from gco_stream.core.record import read_endpoint
from tests.builders import SCOPE, a_live, an_endpoint, an_item, container_of, deployment_of, manifests_of
from tests.strategies import labels, specs

RICH: dict[str, Any] = {
    "image": "vllm/vllm-openai:v0.8.0",
    "args": ["--a", "--b"],
    "command": ["serve"],
    "env": {"A": "1", "B": "2"},
    "model_source": "s3://models/llama",
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "capacity_type": "spot",
    "labels": {"team": "nlp"},
}

Hand = Callable[[Any], Any]


def live_after(kind: Kind, hand: Hand, **spec: Any) -> tuple[Manifest, Manifest]:
    """An intent, and the live object after somebody has had a hand in it."""
    manifest = manifests_of(an_endpoint(**{**RICH, **spec}))[kind]
    live = a_live(manifest)
    hand(live)
    return manifest, live


def pod(live: Any) -> Any:
    return live["spec"]["template"]["spec"]


def test_a_converged_object_does_not_differ() -> None:
    for manifest in manifests_of(an_endpoint(**RICH)).values():
        assert differences(manifest, a_live(manifest)) == ()


@given(spec=specs, labels=labels)
def test_no_object_differs_from_itself_as_the_api_server_shows_it(spec: dict[str, Any], labels: dict[str, str]) -> None:
    endpoint = read_endpoint(an_item(spec=spec, labels=labels), SCOPE)

    for manifest in render(endpoint, SCOPE, replicas=1).values():
        assert differences(manifest, a_live(manifest)) == ()


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("place", "hand"),
    [
        ("spec.replicas", lambda live: live["spec"].update(replicas=7)),
        ("image", lambda live: container_of(live).update(image="acme/other:1")),
        ("args", lambda live: container_of(live).update(args=["--a"])),
        ("args[1]", lambda live: container_of(live).update(args=["--a", "--c"])),
        ("command", lambda live: container_of(live).pop("command")),
        ("env[A]", lambda live: container_of(live)["env"][0].update(value="9")),
        ("env[B]", lambda live: container_of(live)["env"].pop(1)),
        ("ports[8000]", lambda live: container_of(live)["ports"][0].update(containerPort=1)),
        ("limits.cpu", lambda live: container_of(live)["resources"]["limits"].update(cpu="5")),
        ("limits.memory", lambda live: container_of(live)["resources"]["limits"].pop("memory")),
        (
            "requests.nvidia.com/gpu",
            lambda live: container_of(live)["resources"]["requests"].update({"nvidia.com/gpu": "2"}),
        ),
        ("readinessProbe.httpGet.path", lambda live: container_of(live)["readinessProbe"]["httpGet"].update(path="/x")),
        ("livenessProbe", lambda live: container_of(live).pop("livenessProbe")),
        ("lifecycle", lambda live: container_of(live).pop("lifecycle")),
        ("volumeMounts[/models]", lambda live: container_of(live)["volumeMounts"].clear()),
        ("containers[inference]", lambda live: container_of(live).update(name="other")),
        ("initContainers[model-sync].args", lambda live: pod(live)["initContainers"][0]["args"].append("--delete")),
        ("initContainers", lambda live: pod(live).pop("initContainers")),
        ("tolerations", lambda live: pod(live)["tolerations"].pop()),
        ("tolerations", lambda live: pod(live)["tolerations"].append({"key": "x", "operator": "Exists"})),
        ("tolerations", lambda live: pod(live)["tolerations"][0].update(tolerationSeconds=5)),
        ("tolerations", lambda live: pod(live)["tolerations"].reverse()),
        ("nodeSelector", lambda live: pod(live)["nodeSelector"].update(zone="a")),
        ("nodeSelector", lambda live: pod(live)["nodeSelector"].popitem()),
        ("nodeSelector", lambda live: pod(live).pop("nodeSelector")),
        ("volumes[model-storage]", lambda live: pod(live)["volumes"].pop()),
        ("claimName", lambda live: pod(live)["volumes"][0]["persistentVolumeClaim"].update(claimName="x")),
        ("serviceAccountName", lambda live: pod(live).update(serviceAccountName="default")),
        ("enableServiceLinks", lambda live: pod(live).update(enableServiceLinks=True)),
        ("strategy.rollingUpdate.maxSurge", lambda live: live["spec"]["strategy"]["rollingUpdate"].update(maxSurge=1)),
        ("strategy", lambda live: live["spec"].update(strategy={"type": "Recreate"})),
        ("progressDeadlineSeconds", lambda live: live["spec"].update(progressDeadlineSeconds=600)),
        ("template.metadata.labels.app", lambda live: live["spec"]["template"]["metadata"]["labels"].update(app="x")),
        ("metadata.labels.team", lambda live: live["metadata"]["labels"].pop("team")),
    ],
)
def test_every_hand_change_of_a_deployment_is_found(place: str, hand: Hand) -> None:
    found = differences(*live_after(Kind.DEPLOYMENT, hand))

    assert found
    assert all(place in str(difference) for difference in found)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("place", "hand"),
    [
        ("spec.selector", lambda live: live["spec"].update(selector={"app": "other"})),
        ("spec.selector", lambda live: live["spec"]["selector"].update(track="blue")),
        ("ports[80]", lambda live: live["spec"]["ports"][0].update(port=8081)),
        ("ports[80].targetPort", lambda live: live["spec"]["ports"][0].update(targetPort=1)),
        ("spec.type", lambda live: live["spec"].update(type="NodePort")),
        ("metadata.labels", lambda live: live["metadata"]["labels"].update(project="x")),
    ],
)
def test_every_hand_change_of_a_service_is_found(place: str, hand: Hand) -> None:
    found = differences(*live_after(Kind.SERVICE, hand))

    assert found
    assert all(place in str(difference) for difference in found)


def path_of(live: Any) -> Any:
    return live["spec"]["rules"][0]["http"]["paths"][0]


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("place", "hand"),
    [
        ("path", lambda live: path_of(live).update(path="/x")),
        ("pathType", lambda live: path_of(live).update(pathType="Exact")),
        ("service", lambda live: path_of(live)["backend"]["service"].update(name="x")),
        ("spec.rules", lambda live: live["spec"]["rules"][0].update(host="example.com")),
        ("spec.rules", lambda live: live["spec"]["rules"].append({"host": "x"})),
        ("paths", lambda live: live["spec"]["rules"][0]["http"]["paths"].append({"path": "/y"})),
        ("ingressClassName", lambda live: live["spec"].update(ingressClassName="nginx")),
        ("healthcheck-path", lambda live: live["metadata"]["annotations"].popitem()),
        ("annotations", lambda live: live["metadata"].pop("annotations")),
    ],
)
def test_every_hand_change_of_an_ingress_is_found(place: str, hand: Hand) -> None:
    found = differences(*live_after(Kind.INGRESS, hand))

    assert found
    assert all(place in str(difference) for difference in found)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    "hand",
    [
        lambda live: container_of(live)["env"].append({"name": "HAND", "value": "1"}),
        lambda live: pod(live)["containers"].append({"name": "sidecar", "image": "x"}),
        lambda live: pod(live)["volumes"].append({"name": "tmp", "emptyDir": {}}),
        lambda live: container_of(live)["volumeMounts"].append({"name": "tmp", "mountPath": "/tmp"}),
        lambda live: container_of(live)["ports"].append({"containerPort": 9090, "protocol": "TCP"}),
        lambda live: live["metadata"]["labels"].update(hand="1"),
        lambda live: live["metadata"].update(annotations={"kubectl.kubernetes.io/restartedAt": "now"}),
        lambda live: live["spec"]["template"]["metadata"].update(annotations={"restartedAt": "now"}),
        lambda live: container_of(live)["resources"]["limits"].update({"ephemeral-storage": "1Gi"}),
    ],
)
def test_what_somebody_adds_beside_our_fields_is_no_difference(hand: Hand) -> None:
    assert differences(*live_after(Kind.DEPLOYMENT, hand)) == ()


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"env": {"A": "1"}}, "env[B] goes"),
        ({"env": {}}, "env goes"),
        ({"args": []}, "args"),
        ({"labels": {}}, "metadata.labels.team"),
        ({"capacity_type": None}, "nodeSelector"),
        ({"tolerations": []}, "tolerations"),
        ({"model_source": None}, "initContainers"),
        ({"model_source": None}, "volumes"),
        ({"port": 9000}, "ports[8000,TCP]"),
    ],
)
def test_what_is_no_longer_wanted_differs_until_it_is_gone(change: dict[str, Any], place: str) -> None:
    before = manifests_of(an_endpoint(**RICH))[Kind.DEPLOYMENT]
    after = manifests_of(an_endpoint(**{**RICH, **change, "command": []}))[Kind.DEPLOYMENT]
    live = a_live(before)

    assert any(place.removesuffix(" goes") in difference.path for difference in differences(after, live))

    applied = a_live(after, before=live)
    assert differences(after, applied) == ()


def test_equal_quantities_do_not_differ() -> None:
    def rewrite(live: Any) -> None:
        limits = container_of(live)["resources"]["limits"]
        limits.update(cpu="4000m", memory="16384Mi")

    assert differences(*live_after(Kind.DEPLOYMENT, rewrite)) == ()


def test_equal_looking_values_of_other_kinds_do_differ() -> None:
    manifest, live = live_after(Kind.DEPLOYMENT, lambda live: container_of(live).update(image=1))

    (difference,) = differences(manifest, live)

    assert difference.live == 1


def test_an_empty_variable_is_the_same_as_the_api_server_shows_it() -> None:
    def drop_empty_value(live: Any) -> None:
        container_of(live)["env"][0].pop("value")

    assert differences(*live_after(Kind.DEPLOYMENT, drop_empty_value, env={"A": ""})) == ()


SECRET = "hf-s3cr3t"  # differences go into logs and plans


@pytest.mark.parametrize("field", ["env", "args", "command"])
@pytest.mark.parametrize("shorter", [True, False])
def test_differences_show_no_value_of_variables_and_arguments(field: str, shorter: bool) -> None:
    values: Any = {"TOKEN": SECRET, "B": SECRET} if field == "env" else ["--key", SECRET]

    def change(live: Any) -> None:
        other = copy.deepcopy(container_of(live)[field])
        other[-1] = {"name": other[-1]["name"], "value": "old"} if field == "env" else f"old-{SECRET}"
        container_of(live)[field] = other[:1] if shorter else other

    found = differences(*live_after(Kind.DEPLOYMENT, change, **{field: values}))

    assert found
    assert SECRET not in " ".join(map(str, found))


def test_other_differences_are_shown_as_from_and_to() -> None:
    found = differences(*live_after(Kind.DEPLOYMENT, lambda live: live["spec"].update(replicas=7)))

    assert [str(difference) for difference in found] == ["spec.replicas: 7 → 1"]


@pytest.mark.behaviour("B14")
def test_an_empty_label_that_is_gone_differs_but_an_empty_variable_does_not() -> None:
    intent = deployment_of(an_endpoint(labels={"acme.io/empty": ""}, env={"a.labels.b": ""}))
    live = a_live(intent)
    del container_of(live)["env"][0]["value"]
    assert differences(intent, live) == ()

    del live["metadata"]["labels"]["acme.io/empty"]

    assert [difference.path for difference in differences(intent, live)] == ["metadata.labels.acme.io/empty"]


@pytest.mark.behaviour("B14")
def test_a_field_that_somebody_else_set_to_our_value_is_taken_back() -> None:
    live = a_live(deployment_of(an_endpoint()))
    container = live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    del container['k:{"name":"inference"}']["f:image"]

    (difference,) = differences(deployment_of(an_endpoint()), live)

    assert difference.path == "spec.template.spec.containers[inference].image"
    assert (difference.live, difference.wanted) == ("set by somebody else", "ours")
