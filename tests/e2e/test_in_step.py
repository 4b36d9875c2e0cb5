"""Always in step: what is changed by hand comes back, what changes by itself is reported, and nothing else is asked."""

from typing import Any

import pytest

from tests.controller import Controller, running_controller
from tests.e2e.watching import asked, changed, container_of, is_promoted, reaches
from tests.world import Site, World, eventually, eventually_holds
from tests.writers import Writers, a_spec

HEALTH_PATH = "alb.ingress.kubernetes.io/healthcheck-path"
MARKS = {"Deployment": "llama", "Service": "llama", "Ingress": "inference-llama"}


def template(**pod: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": pod}}}


def rule_with_path(path: str) -> dict[str, Any]:
    backend = {"service": {"name": "llama", "port": {"number": 80}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": backend}]
    return {"spec": {"rules": [{"http": {"paths": paths}}]}}


def port(**fields: Any) -> dict[str, Any]:
    return {"spec": {"ports": [{"port": 80, "targetPort": 8000, "protocol": "TCP", **fields}]}}


HAND_MADE_CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "replicas": ("Deployment", {"spec": {"replicas": 5}}),
    "label": ("Deployment", {"metadata": {"labels": {"project": "other"}}}),
    "type label": ("Deployment", {"metadata": {"labels": {"gco.io/type": None}}}),
    "node selector": ("Deployment", template(nodeSelector={"eks.amazonaws.com/instance-gpu-manufacturer": "amd"})),
    "tolerations": ("Deployment", template(tolerations=[])),
    "service links": ("Deployment", template(enableServiceLinks=True)),
    "target port": ("Service", port(targetPort=1234)),
    "port number": ("Service", {"spec": {"ports": [{"port": 8081, "targetPort": 8000, "protocol": "TCP"}]}}),
    "selector": ("Service", {"spec": {"selector": {"app": "other"}}}),
    "selector with more": ("Service", {"spec": {"selector": {"app": "llama", "version": "2"}}}),
    "path": ("Ingress", rule_with_path("/elsewhere")),
    "annotation": ("Ingress", {"metadata": {"annotations": {HEALTH_PATH: "/nowhere"}}}),
    "class": ("Ingress", {"spec": {"ingressClassName": "nginx"}}),
}


async def settled(site: Site, writers: Writers, **spec: Any) -> dict[str, dict[str, Any]]:
    """Make an endpoint, wait until it runs, and return its objects' specs and marks."""
    writers.create("llama", a_spec(env={"A": "1", "B": "2"}, **spec))
    await is_promoted(writers, "llama")
    await reaches(writers, "llama", "running")
    return {kind: await essence(site, kind) for kind in MARKS}


async def essence(site: Site, kind: str) -> dict[str, Any]:
    """Return what an object says apart from its versions and its status."""
    live = await site.kubernetes.get(kind, MARKS[kind])
    assert live is not None, f"there is no {kind}"
    metadata = live["metadata"]
    annotations = {k: v for k, v in metadata.get("annotations", {}).items() if "kubernetes.io/revision" not in k}
    return {"spec": live["spec"], "labels": metadata["labels"], "annotations": annotations}


async def comes_back(site: Site, kind: str, before: dict[str, dict[str, Any]]) -> None:
    async def is_as_before() -> None:
        assert await essence(site, kind) == before[kind]

    await eventually_holds(is_as_before, 10, f"{kind} as before")


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("kind", "change"),
    [
        pytest.param(*change, id=name, marks=pytest.mark.by_hand("Service llama") if name == "port number" else ())
        for name, change in HAND_MADE_CHANGES.items()
    ],
)
async def test_what_somebody_changed_by_hand_comes_back(
    site: Site, writers: Writers, controller: Controller, kind: str, change: dict[str, Any]
) -> None:
    before = await settled(site, writers)

    await site.kubernetes.patch(kind, MARKS[kind], change)

    await comes_back(site, kind, before)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("field", "value"),
    [("image", "vllm/vllm-openai:hacked"), ("args", ["--hacked"]), ("env", [{"name": "A", "value": "9"}])],
)
async def test_a_container_changed_by_hand_comes_back(
    site: Site, writers: Writers, controller: Controller, field: str, value: Any
) -> None:
    before = await settled(site, writers)
    container = await container_of(site, "llama")

    await site.kubernetes.patch("Deployment", "llama", template(containers=[container | {field: value}]))

    await comes_back(site, "Deployment", before)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("change", [{"name": "renamed"}, {"ports": [{"containerPort": 1234}]}], ids=["name", "port"])
async def test_an_entry_that_somebody_renamed_is_not_left_beside_ours(
    site: Site, writers: Writers, controller: Controller, change: dict[str, Any]
) -> None:
    before = await settled(site, writers)
    container = await container_of(site, "llama")

    await site.kubernetes.patch("Deployment", "llama", template(containers=[container | change]))

    await comes_back(site, "Deployment", before)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    "kind", ["Deployment", pytest.param("Service", marks=pytest.mark.by_hand("Service llama")), "Ingress"]
)
async def test_what_somebody_deleted_is_made_again(
    site: Site, writers: Writers, controller: Controller, kind: str
) -> None:
    await settled(site, writers)
    old = await site.kubernetes.get(kind, MARKS[kind])
    assert old is not None

    await site.kubernetes.delete(kind, MARKS[kind])

    async def is_another() -> bool:
        live = await site.kubernetes.get(kind, MARKS[kind])
        return live is not None and live["metadata"]["uid"] != old["metadata"]["uid"]

    await eventually(is_another, 10, f"another {kind}")
    await reaches(writers, "llama", "running", replicas_ready=1, published=True)


@pytest.mark.behaviour("B14")
async def test_an_endpoint_that_is_held_is_left_as_it_is_until_it_is_let_go(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await settled(site, writers)

    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"annotations": {"gco.io/hold": "debugging"}}})
    await reaches(writers, "llama", "running", reason="Held")
    before = changed(world, site)
    writers.scale("llama", 3)
    await reaches(writers, "llama", "updating", reason="Held", replicas_desired=1)
    assert changed(world, site) == before

    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"annotations": {"gco.io/hold": None}}})
    await reaches(writers, "llama", "running", replicas_ready=3)


@pytest.mark.behaviour("B13", "B14")
async def test_a_mark_of_ours_that_somebody_changes_is_put_back_and_no_pod_restarts(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await settled(site, writers)
    pods = {pod["metadata"]["uid"] for pod in await site.kubernetes.list("Pod", "app=llama")}
    mark = "app.kubernetes.io/managed-by"

    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"labels": {mark: "me"}}})

    async def is_ours_again() -> bool:
        live = await site.kubernetes.get("Deployment", "llama")
        return live is not None and live["metadata"]["labels"][mark] == "gco-stream"

    await eventually(is_ours_again, what="our mark again")
    assert {pod["metadata"]["uid"] for pod in await site.kubernetes.list("Pod", "app=llama")} == pods


@pytest.mark.behaviour("B14")
async def test_what_somebody_added_beside_our_fields_stays(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await settled(site, writers)
    container = await container_of(site, "llama")
    more = container | {"env": [*container["env"], {"name": "THEIRS", "value": "1"}]}
    await site.kubernetes.patch("Deployment", "llama", template(containers=[more]))
    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"labels": {"team": "nlp"}}})

    writers.scale("llama", 2)
    await reaches(writers, "llama", "running", replicas_ready=2)

    assert {"name": "THEIRS", "value": "1"} in (await container_of(site, "llama"))["env"]
    assert (await essence(site, "Deployment"))["labels"]["team"] == "nlp"


@pytest.mark.behaviour("B15", "B19")
async def test_pods_that_get_ready_late_are_published_and_reported_without_being_asked_for(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama", a_spec(image="vllm/vllm-openai:v1-ready-after-3s"))
    await reaches(writers, "llama", "creating")
    await is_promoted(writers, "llama")

    reads = [name for verb, kind, name in asked(world, site) if (verb, kind, name) == ("get", "deployments", "llama")]
    # One for the record, one for each change that the Deployment's controller made to it; none in between.
    assert len(reads) <= 8
    assert await site.kubernetes.get("Ingress", "inference-llama") is not None


@pytest.mark.behaviour("B15")
async def test_a_replica_that_is_lost_is_reported(site: Site, writers: Writers, controller: Controller) -> None:
    writers.create("llama", a_spec(replicas=2, image="vllm/vllm-openai:v1-ready-after-4s"))
    await reaches(writers, "llama", "running", replicas_ready=2)
    pod, *_ = await site.kubernetes.list("Pod", "app=llama")

    await site.kubernetes.delete("Pod", pod["metadata"]["name"])

    await reaches(writers, "llama", "running", reason="Degraded", replicas_ready=1, published=True)
    await reaches(writers, "llama", "running", replicas_ready=2)


@pytest.mark.behaviour("B5")
async def test_a_resync_of_converged_endpoints_asks_for_none_of_them(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    names = ["alpha", "beta", "gamma"]
    for name in names:
        writers.create(name)
    for name in names:
        await is_promoted(writers, name)
    writers.say("gamma", "stopped")
    await reaches(writers, "gamma", "stopped")
    done = len(controller.logged("table scanned"))
    reads = len(asked(world, site))
    writes = len(changed(world, site))

    controller.resync()
    await eventually(lambda: len(controller.logged("table scanned")) > done, what="another scan")

    (scan,) = controller.logged("table scanned", reason="SIGHUP")
    assert (scan["endpoints"], scan["queued"], scan["behind"]) == (3, 0, 0)
    more = [request for request in asked(world, site)[reads:] if request[1] not in ("leases", "events")]
    assert [verb for verb, _, _ in more] == ["watch"] * 4
    assert len(changed(world, site)) == writes


@pytest.mark.behaviour("B5")
async def test_a_resync_finds_a_record_that_no_stream_told_of(world: World) -> None:
    async with world.site(stream=False) as site:
        writers = Writers(site.table, site.namespace)
        async with running_controller(site, RECONCILE_INTERVAL_SECONDS="3600") as controller:
            writers.create("llama")
            controller.resync()
            await is_promoted(writers, "llama")
