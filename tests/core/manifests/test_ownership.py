import pytest

from gco_stream.core.manifests.ownership import is_ours, is_reserved, pod_labels
from gco_stream.core.models import EndpointName
from tests.builders import NAME, a_live, an_endpoint, changed, foreign, manifests_of

OURS = {"app.kubernetes.io/managed-by": "gco-stream", "gco.io/endpoint": NAME}


@pytest.mark.behaviour("B30")
def test_objects_carry_the_platforms_labels_and_our_mark() -> None:
    for manifest in manifests_of(an_endpoint()).values():
        labels = manifest["metadata"]["labels"]

        assert labels.items() >= {**OURS, "app": NAME, "project": "gco", "gco.io/type": "inference"}.items()
        assert manifest["metadata"]["namespace"] == "gco-inference"
        assert is_ours(manifest, NAME)


@pytest.mark.behaviour("B30")
def test_pods_carry_the_platforms_labels_alone() -> None:
    assert pod_labels(NAME) == {"app": NAME, "project": "gco", "gco.io/type": "inference"}


@pytest.mark.behaviour("B13")
def test_labels_that_people_share_make_nothing_ours() -> None:
    for manifest in manifests_of(an_endpoint()).values():
        live = a_live(manifest)

        assert is_ours(live, NAME)
        assert not is_ours(foreign(live), NAME)
        assert not is_ours(live, EndpointName("other"))
        for missing in OURS:
            labels = {key: value for key, value in live["metadata"]["labels"].items() if key != missing}
            assert not is_ours(changed(live, labels=labels), NAME)
        assert not is_ours(changed(live, labels=None), NAME)


def test_labels_of_the_record_are_on_every_object_but_not_on_pods() -> None:
    manifests = manifests_of(an_endpoint(labels={"team": "nlp"}))

    assert all(manifest["metadata"]["labels"]["team"] == "nlp" for manifest in manifests.values())
    assert "nlp" not in str([manifest["spec"] for manifest in manifests.values()])


@pytest.mark.parametrize(
    "label",
    ["app", "project", "gco.io/endpoint", "x.gco.io/a", "app.kubernetes.io/name", "kubernetes.io/x", "node.k8s.io/x"],
)
def test_reserved_labels_of_a_record_are_not_taken(label: str) -> None:
    assert is_reserved(label)

    assert manifests_of(an_endpoint(labels={label: "mine"})) == manifests_of(an_endpoint())


@pytest.mark.parametrize("label", ["team", "apps", "example.com/app", "mygco.io/x", "kubernetes.io.example.com/x"])
def test_other_labels_are(label: str) -> None:
    assert not is_reserved(label)
