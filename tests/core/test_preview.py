"""An action as two versions of an object."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.compare import differences
from gco_stream.core.models import Apply, Delete, Kind, Manifest, ObjectKey
from gco_stream.core.preview import Preview, masked, preview
from tests.builders import a_live, an_endpoint, container_of, deployment_of, manifests_of
from tests.strategies import labels, specs

endpoints = st.builds(lambda spec, own: an_endpoint(labels=own, **spec), specs, labels)
KEY = ObjectKey(Kind.DEPLOYMENT, "llama")


def shown(intent: Manifest, live: Manifest | None) -> Preview:
    uid = None if live is None else live["metadata"]["uid"]
    return preview(Apply(key=KEY, manifest=intent, uid=uid, why="test"), live)


def edited(live: Manifest) -> Any:
    return copy.deepcopy(dict(live))


@given(endpoints)
def test_an_object_that_is_as_intended_shows_no_difference(endpoint: Any) -> None:
    for intent in manifests_of(endpoint).values():
        both = shown(intent, a_live(intent))

        assert both.before == both.after


@pytest.mark.behaviour("B38")
@given(endpoints, endpoints)
def test_a_difference_shows_exactly_where_one_is_found(one: Any, other: Any) -> None:
    for before, after in zip(manifests_of(one).values(), manifests_of(other).values(), strict=True):
        live = a_live(before)

        both = shown(after, live)

        assert (both.before != both.after) == bool(differences(after, live))


def test_what_others_and_the_server_set_beside_us_is_not_shown() -> None:
    intent = deployment_of(an_endpoint(env={"A": "1"}))
    live = edited(a_live(intent))
    container_of(live)["env"].append({"name": "THEIRS", "value": "x"})
    live["metadata"]["labels"]["theirs"] = "x"

    both = shown(intent, live)

    assert both.before == both.after


def test_another_value_is_shown_in_its_place() -> None:
    intent = deployment_of(an_endpoint(image="acme/server:v2"))
    both = shown(intent, a_live(deployment_of(an_endpoint(image="acme/server:v1"))))

    assert both.before is not None
    assert container_of(both.before)["image"] == "acme/server:v1"
    assert both.before["spec"]["replicas"] == 1


def test_what_we_set_once_and_no_longer_want_is_shown_as_it_is() -> None:
    before = deployment_of(an_endpoint(env={"A": "1", "B": "2"}, args=["x"]))
    both = shown(deployment_of(an_endpoint(env={"A": "1"})), a_live(before))

    assert both.before is not None
    assert container_of(both.before)["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert container_of(both.before)["args"] == ["x"]


def test_the_same_amount_in_other_words_is_no_difference() -> None:
    intent = deployment_of(an_endpoint(resources={"requests": {"memory": "4Gi"}}))
    live = edited(a_live(intent))
    container_of(live)["resources"]["requests"]["memory"] = "4096Mi"

    both = shown(intent, live)

    assert both.before == both.after


def test_a_selector_is_shown_with_what_others_put_into_it() -> None:
    intent = manifests_of(an_endpoint())[Kind.SERVICE]
    live = edited(a_live(intent))
    live["spec"]["selector"]["theirs"] = "x"

    both = shown(intent, live)

    assert both.before is not None
    assert both.before["spec"]["selector"] == {"app": "llama", "theirs": "x"}


def test_what_is_made_and_what_goes_has_one_side_only() -> None:
    intent = manifests_of(an_endpoint())[Kind.SERVICE]
    made = shown(intent, None)
    gone = preview(Delete(key=KEY, uid="1", why="deleted"), a_live(intent))

    assert (made.before, made.after) == (None, intent)
    assert gone.after is None
    assert gone.before == intent


def test_an_object_that_nobody_applied_goes_with_its_spec() -> None:
    intent = manifests_of(an_endpoint())[Kind.SERVICE]
    live = edited(a_live(intent))
    live["metadata"]["managedFields"] = []

    gone = preview(Delete(key=KEY, uid="1", why="deleted"), live)

    assert gone.before is not None
    assert gone.before["spec"] == live["spec"]


@pytest.mark.behaviour("B31")
@pytest.mark.parametrize(("changes", "expected"), [({"image": "v2"}, True), ({"replicas": 1}, False)])
def test_a_new_template_of_the_only_pod_on_an_accelerator_is_an_interruption(
    changes: dict[str, Any], expected: bool
) -> None:
    live = a_live(deployment_of(an_endpoint(image="v1", replicas=2)))

    both = shown(deployment_of(an_endpoint(**{"image": "v1", "replicas": 1, **changes})), live)

    assert both.interrupts is expected


class TestMasking:
    def test_hides_values_and_shows_which_differ(self) -> None:
        live = a_live(deployment_of(an_endpoint(env={"SAME": "secret", "OTHER": "old secret"})))
        intent = deployment_of(an_endpoint(env={"SAME": "secret", "OTHER": "new secret", "NEW": "third secret"}))

        both = masked(shown(intent, live))

        assert "secret" not in str(both)
        assert both.before is not None
        assert both.after is not None
        before, after = ({e["name"]: e["value"] for e in container_of(m)["env"]} for m in (both.before, both.after))
        assert before["SAME"] == after["SAME"]
        assert before["OTHER"] != after["OTHER"]
        assert set(after) - set(before) == {"NEW"}

    def test_leaves_all_else_and_the_action_itself(self) -> None:
        intent = deployment_of(an_endpoint(env={"A": "secret"}))
        made = shown(intent, None)

        hidden = masked(made)

        assert hidden.after is not None
        container_of(edited(hidden.after))["env"] = container_of(intent)["env"]
        assert hidden.after["metadata"] == intent["metadata"]
        assert container_of(intent)["env"] == [{"name": "A", "value": "secret"}]

    def test_an_object_without_variables_is_as_it_was(self) -> None:
        made = shown(manifests_of(an_endpoint())[Kind.SERVICE], None)

        assert masked(made) == made
