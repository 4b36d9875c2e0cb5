"""Another version of the controller, or another image for the model sync in its settings, replaces no pod."""

import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.convergence import is_converged
from gco_stream.core.manifests.ingress import HEALTH_PATH
from gco_stream.core.manifests.ownership import TEMPLATE_FIELDS, TEMPLATE_VERSION
from gco_stream.core.manifests.pod import VERSION
from gco_stream.core.models import Kind, ObjectKey
from gco_stream.core.pending import KEPT_AS_MADE, pending_edits
from gco_stream.core.plan import make_plan
from gco_stream.core.projection import project
from tests.builders import DEPLOYMENT, INGRESS, NAME, SCOPE, a_request, an_item
from tests.core.story import CANARY, Story, told
from tests.next_version import GRACE_SECONDS, NEXT, next_version
from tests.server_side_apply import applied
from tests.strategies import specs
from tests.wishes import Wish, canary, change, rollback, say, scale

pytestmark = pytest.mark.behaviour("B35")

NEWER = replace(SCOPE, model_sync_image="amazon/aws-cli:99")
CANARYS = ObjectKey(Kind.DEPLOYMENT, CANARY)
VLLM = {"image": "vllm/vllm-openai:v0.8.0", "model_source": "s3://models/llama"}
SCALED = {"enabled": True, "min_replicas": 2, "max_replicas": 4}

beside_the_template = st.sampled_from(
    [
        None,
        scale(3),
        scale(1),
        canary("acme/server:v9"),
        rollback(),
        change(autoscaling=SCALED),
        change(rollout={"max_surge": 2}),
        change(rollout={"progress_deadline_seconds": 60}),
        change(region_image_uris={"eu-west-1": "r.example/acme/server:1"}),
    ]
)
of_the_template = st.sampled_from(
    [
        change(image="acme/server:v9"),
        change(port=9123),
        change(env={"CHANGED": "1"}),
        change(args=["--changed"]),
        change(resources={"requests": {"cpu": "3"}}),
        change(health_check_path="/changed"),
        change(node_selector={"pool": "changed"}),
    ]
)


def made(**spec: Any) -> Story:
    """An endpoint at rest, and its canary, as this version makes them."""
    story = told([], item=an_item(spec={"image": "acme/server:v1", "replicas": 2, **spec}))
    story.comes_to_rest()
    story.write(canary("acme/server:v2"))
    story.comes_to_rest()
    return story


@contextmanager
def upgraded(story: Story, *, version: bool = True, image: bool = True) -> Iterator[None]:
    """Let the next version go on, or the same with another setting."""
    way: AbstractContextManager[None] = next_version() if version else nullcontext()
    story.scope = NEWER if image else SCOPE
    with way:
        yield


def template(story: Story, key: ObjectKey = DEPLOYMENT) -> Any:
    """The pods' template, but for how an image is to be pulled, which stays what it was with the first."""
    found = copy.deepcopy(story.cluster.objects[key]["spec"]["template"])
    for container in (*found["spec"]["containers"], *found["spec"].get("initContainers", ())):
        del container["imagePullPolicy"]
    return found


def is_left_alone(story: Story) -> bool:
    """Whether nothing is to be done, by what the watch shows as by the objects themselves."""
    seen, now = story.cluster.observe(NAME), story.now
    thin = replace(seen, objects={key: project(live) for key, live in seen.objects.items()})
    plans = [make_plan(story.request(), one, story.scope, now=now).actions == () for one in (seen, thin)]
    assert len(set(plans)) == 1, "a projection tells as much"
    return plans[0] and is_converged(story.item, thin, story.scope, now=now)


def versions(story: Story) -> dict[ObjectKey, str]:
    return {key: live["metadata"]["resourceVersion"] for key, live in story.cluster.objects.items()}


@pytest.mark.parametrize(("version", "image"), [(True, False), (False, True), (True, True)])
@given(spec=specs)
def test_what_is_at_rest_is_left_alone(spec: dict[str, Any], version: bool, image: bool) -> None:
    story = told([], item=an_item(spec={**spec, "replicas": 2}))
    story.comes_to_rest()

    with upgraded(story, version=version, image=image):
        assert is_left_alone(story)


@pytest.mark.parametrize(("version", "image"), [(True, False), (False, True), (True, True)])
@given(spec=specs, wishes=st.lists(beside_the_template, max_size=3))
def test_no_edit_beside_the_template_touches_it(
    spec: dict[str, Any], wishes: list[Wish | None], version: bool, image: bool
) -> None:
    story = told([], item=an_item(spec={**spec, "replicas": 2}))
    story.comes_to_rest()
    before = template(story)

    with upgraded(story, version=version, image=image):
        for wish in wishes:
            if wish is not None:
                story.write(wish)
            story.comes_to_rest()
        assert is_left_alone(story)

    assert template(story) == before


@given(spec=specs, wish=of_the_template)
def test_any_edit_of_the_template_renders_it_anew(spec: dict[str, Any], wish: Wish) -> None:
    item = an_item(spec={**spec, "replicas": 2})
    story = told([], item=item)
    story.comes_to_rest()

    with upgraded(story):
        story.write(wish)
        story.comes_to_rest()
        afresh = Story(item=dict(story.item), scope=NEWER)
        afresh.comes_to_rest()
        assert is_left_alone(story)

        assert template(story) == template(afresh)
        assert story.cluster.objects[DEPLOYMENT]["metadata"]["labels"][TEMPLATE_VERSION] == NEXT


@given(spec=specs)
def test_pods_that_are_made_anew_are_made_as_rendered_today(spec: dict[str, Any]) -> None:
    story = told([], item=an_item(spec={**spec, "replicas": 1}))
    story.comes_to_rest()

    with upgraded(story):
        story.write(say("stopped"))
        story.comes_to_rest()
        assert story.cluster.objects[DEPLOYMENT]["metadata"]["labels"][TEMPLATE_VERSION] == VERSION
        story.write(say("running"))
        story.comes_to_rest()

    assert template(story)["spec"]["terminationGracePeriodSeconds"] == GRACE_SECONDS


def test_a_canary_keeps_its_template_as_well_until_its_image_changes() -> None:
    story = made(**VLLM)
    before = template(story), template(story, CANARYS)

    with upgraded(story):
        assert is_left_alone(story)
        story.write(canary("acme/server:v2", weight=50, replicas=2))
        story.comes_to_rest()
        assert (template(story), template(story, CANARYS)) == before
        story.write(canary("acme/server:v3"))
        story.comes_to_rest()

    assert template(story) == before[0]
    assert template(story, CANARYS)["spec"]["terminationGracePeriodSeconds"] == GRACE_SECONDS


def test_the_load_balancer_asks_for_health_where_kept_pods_answer() -> None:
    story = made(**VLLM)

    def asked() -> Any:
        return story.cluster.objects[INGRESS]["metadata"]["annotations"][HEALTH_PATH]

    before = asked()
    with upgraded(story):
        story.write(scale(3))
        story.comes_to_rest()
        assert asked() == before
        story.write(change(args=["--more"]))
        story.comes_to_rest()

    assert asked() == f"/inference/{NAME}/next/health"


@pytest.mark.behaviour("B14")
def test_an_image_that_somebody_else_has_set_is_put_right_with_the_template_of_today() -> None:
    story = made()
    live = story.cluster.objects[DEPLOYMENT]
    wish = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}}
    container = {"name": "inference", "image": "hacked:v9"}
    wish |= {"spec": {"template": {"spec": {"containers": [container]}}}}
    story.cluster.objects[DEPLOYMENT] = applied(live, wish, manager="somebody")

    with upgraded(story):
        assert not is_left_alone(story)
        story.comes_to_rest()

    assert template(story)["spec"]["containers"][0]["image"] == "acme/server:v1"
    assert template(story)["spec"]["terminationGracePeriodSeconds"] == GRACE_SECONDS


def test_what_an_older_version_did_not_label_is_labelled_and_nothing_else() -> None:
    story = made(**VLLM)
    for key in (DEPLOYMENT, CANARYS):
        labels = story.cluster.objects[key]["metadata"]["labels"]
        del labels[TEMPLATE_FIELDS]
        owned = story.cluster.objects[key]["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]["f:labels"]
        del owned[f"f:{TEMPLATE_FIELDS}"]
    before = template(story), template(story, CANARYS)

    with upgraded(story, version=False):
        plan = story.look()
        assert [(action.key, action.why.partition(":")[0]) for action in plan.actions] == [
            (key, f"metadata.labels.{TEMPLATE_FIELDS}") for key in (DEPLOYMENT, CANARYS)
        ]
        assert is_left_alone(story)

    assert (template(story), template(story, CANARYS)) == before


def test_nothing_is_written_by_versions_that_take_turns() -> None:
    story = made(**VLLM)
    before = versions(story)

    with upgraded(story):
        story.comes_to_rest()
    with upgraded(story, version=False, image=False):
        story.comes_to_rest()

    assert versions(story) == before


def test_what_the_next_edit_brings_can_be_seen() -> None:
    story = made(**VLLM)

    with upgraded(story):
        edits = list(pending_edits(a_request(story.item), story.cluster.observe(NAME), story.scope))

    assert [(edit.key, edit.why) for edit in edits] == [(DEPLOYMENT, KEPT_AS_MADE), (CANARYS, KEPT_AS_MADE)]
    assert edits[0].manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == GRACE_SECONDS
