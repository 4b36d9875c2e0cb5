"""The story: three endpoints, from their creation to their deletion, on good days and on bad ones."""

from collections.abc import Callable

from gco_stream.cli.demo.scenes import Check, Made, Scene, Stage
from gco_stream.cli.demo.sight import Endpoint
from gco_stream.core.canary_changes import promoted, with_canary
from gco_stream.core.record import DesiredState
from gco_stream.core.writing import respecified, scaled, told, with_image

CHAT, VISION, EMBED = "chat", "vision", "embed"
VLLM, NEWER_VLLM = "vllm/vllm-openai:v0.20.1", "vllm/vllm-openai:v0.21.0"
TRITON, BROKEN_TRITON = "nvcr.io/nvidia/tritonserver:25.01-py3", "nvcr.io/nvidia/tritonserver:25.02-broken"
EMBEDDINGS = "ghcr.io/huggingface/text-embeddings-inference:cpu-1.8"
TYPO = "80BO"
SHARE = 20


def the_story() -> tuple[Scene, ...]:
    """Return the scenes in their order; each begins where the one before has ended."""
    return (*_beginning(), *_canary(), *_bad_days(), *_end())


def _beginning() -> tuple[Scene, ...]:
    return (
        Scene(
            title="Three records are written, one with a slip of the pen",
            tells="A script puts them into the table. The one that cannot be understood disturbs nobody else, and its "
            "status says which field, what it holds, and what would be right.",
            commands=("gco-stream endpoint create -f endpoints.yaml",),
            act=_create,
            checks=(_runs(CHAT, 2), _published(CHAT), _runs(VISION, 1), _published(VISION), _is_refused(EMBED)),
        ),
        Scene(
            title="The slip is mended",
            tells="Nothing has to be restarted or told: the change comes through the table's stream.",
            commands=("gco-stream endpoint apply -f embed.yaml",),
            act=lambda stage: stage.change(EMBED, _port(8080)),
            checks=(_runs(EMBED, 1), _published(EMBED)),
            untouched=(CHAT, VISION),
        ),
        Scene(
            title="More replicas",
            tells="Only the count moves: no pod that serves is touched.",
            commands=(f"gco-stream endpoint scale {CHAT} 3",),
            act=lambda stage: stage.change(CHAT, lambda item, now: scaled(item, 3, now=now)),
            checks=(_runs(CHAT, 3), _published(CHAT)),
            untouched=(CHAT, VISION, EMBED),
        ),
    )


def _canary() -> tuple[Scene, ...]:
    return (
        Scene(
            title="A canary tries out the next version",
            tells=f"It gets its {SHARE} % only once a pod is ready and the load balancer has had time to register it: "
            "until then both stand there at 100 : 0.",
            commands=(f"gco-stream endpoint canary {CHAT} {NEWER_VLLM} --weight {SHARE}",),
            act=lambda stage: stage.change(CHAT, _canary_at(SHARE)),
            checks=(_runs(CHAT, 3), _shares(CHAT, f"{100 - SHARE} : {SHARE}")),
            untouched=(CHAT, VISION, EMBED),
        ),
        Scene(
            title="The canary is promoted",
            tells="GPUs are scarce, so one old pod goes before a new one comes. The canary keeps its share until all "
            "are replaced; then its last requests end, then it goes.",
            commands=(f"gco-stream endpoint promote {CHAT}",),
            act=lambda stage: stage.change(CHAT, lambda item, now: promoted(item, now=now)),
            checks=(_runs(CHAT, 3), _runs_image(CHAT, NEWER_VLLM), _published(CHAT), _has_no_canary(CHAT)),
            untouched=(CHAT, VISION, EMBED),
        ),
    )


def _bad_days() -> tuple[Scene, ...]:
    return (
        Scene(
            title="A broken image: the watchdog steps in",
            tells="No pod of it ever gets ready. One such endpoint on the shared load balancer can cost all others "
            "their traffic, so it is withdrawn at the threshold, not at some later look.",
            commands=(f"gco-stream endpoint set-image {VISION} {BROKEN_TRITON}",),
            act=lambda stage: stage.change(VISION, _image(BROKEN_TRITON)),
            checks=(_is_withdrawn(VISION), _published(CHAT), _published(EMBED)),
            untouched=(CHAT, EMBED),
        ),
        Scene(
            title="The old image is put back",
            tells="It is published again with its first ready replica.",
            commands=(f"gco-stream endpoint set-image {VISION} {TRITON}",),
            act=lambda stage: stage.change(VISION, _image(TRITON)),
            checks=(_runs(VISION, 1), _published(VISION)),
            untouched=(CHAT, EMBED),
        ),
        Scene(
            title="Somebody changes things by hand",
            tells="A Deployment is scaled and a Service deleted with kubectl. The watch shows it, the record says "
            "otherwise, and both are put right, with the name of who had changed them.",
            commands=(f"kubectl edit deployment {CHAT}    # replicas: 1", f"kubectl delete service {CHAT}"),
            act=_meddle,
            checks=(_runs(CHAT, 3), _has_service(CHAT), _published(CHAT)),
            untouched=(CHAT, VISION, EMBED),
        ),
    )


def _end() -> tuple[Scene, ...]:
    return (
        Scene(
            title="Stopped over the weekend",
            tells="First its requests are taken away, then its pods; what it is remains.",
            commands=(f"gco-stream endpoint stop {EMBED}",),
            act=lambda stage: stage.change(EMBED, _say(DesiredState.STOPPED)),
            checks=(_is_stopped(EMBED), _unpublished(EMBED)),
            untouched=(CHAT, VISION),
        ),
        Scene(
            title="Started on Monday",
            tells="With as many replicas as before, and published with the first that is ready.",
            commands=(f"gco-stream endpoint start {EMBED}",),
            act=lambda stage: stage.change(EMBED, _say(DesiredState.RUNNING)),
            checks=(_runs(EMBED, 1), _published(EMBED)),
            untouched=(CHAT, VISION),
        ),
        Scene(
            title="Deleted",
            tells="The Ingress first, the pods last; a record goes when nothing of its endpoint is left.",
            commands=tuple(f"gco-stream endpoint delete {name}" for name in (CHAT, VISION, EMBED)),
            act=_delete,
            checks=tuple(map(_is_gone, (CHAT, VISION, EMBED))),
        ),
    )


async def _create(stage: Stage) -> None:
    await stage.create(CHAT, {"image": VLLM, "replicas": 2, "env": {"MODEL": "Qwen/Qwen2.5-7B-Instruct"}})
    await stage.create(VISION, {"image": TRITON, "replicas": 1, "health_check_path": "/v2/health/ready"})
    await stage.create(EMBED, {"image": EMBEDDINGS, "replicas": 1, "gpu_count": 0, "port": TYPO})


async def _meddle(stage: Stage) -> None:
    await stage.edit("Deployment", CHAT, "/spec/replicas", 1)
    await stage.delete("Service", CHAT)


async def _delete(stage: Stage) -> None:
    for name in (CHAT, VISION, EMBED):
        await stage.change(name, _say(DesiredState.DELETED))


def _port(port: int) -> Made:
    return lambda item, now: respecified(item, {**item["spec"], "port": port}, now=now)


def _canary_at(weight: int) -> Made:
    return lambda item, now: with_canary(item, NEWER_VLLM, weight=weight, replicas=None, now=now)


def _image(image: str) -> Made:
    return lambda item, now: with_image(item, image, now=now)


def _say(state: DesiredState) -> Made:
    return lambda item, now: told(item, state, now=now)


def _is(name: str, text: str, holds: Callable[[Endpoint], bool]) -> Check:
    return Check(name, f"{name} {text}", lambda seen: holds(seen.get(name, Endpoint(name=name))))


def _runs(name: str, replicas: int) -> Check:
    def holds(seen: Endpoint) -> bool:
        has_all = seen.own is not None and seen.own.ready == seen.own.desired == replicas
        says_so = seen.state == "running" and seen.status.get("replicas_ready") == replicas
        return has_all and says_so and seen.desired == "running"

    return _is(name, f"runs with {replicas} of {replicas} pods ready", holds)


def _shares(name: str, shares: str) -> Check:
    return _is(name, f"and its canary get requests {shares}", lambda seen: seen.shares == shares)


def _published(name: str) -> Check:
    return _is(name, "gets the requests for its path", lambda seen: seen.shares == "published")


def _unpublished(name: str) -> Check:
    return _is(name, "gets no requests", lambda seen: seen.route is None)


def _runs_image(name: str, image: str) -> Check:
    return _is(name, f"runs {image}", lambda seen: seen.own is not None and seen.own.image == image)


def _has_no_canary(name: str) -> Check:
    return _is(name, "has no canary any more", lambda seen: seen.canary is None)


def _has_service(name: str) -> Check:
    return _is(name, "has its Service", lambda seen: seen.has_service)


def _is_refused(name: str) -> Check:
    def holds(seen: Endpoint) -> bool:
        return seen.state == "error" and "spec.port" in seen.why and TYPO in seen.why and seen.own is None

    return _is(name, "is told what is wrong with it, and nothing is made of it", holds)


def _is_withdrawn(name: str) -> Check:
    return _is(name, "is withdrawn", lambda seen: seen.route is None and seen.why == "Withdrawn")


def _is_stopped(name: str) -> Check:
    def holds(seen: Endpoint) -> bool:
        return seen.state == "stopped" and seen.own is not None and seen.own.desired == seen.own.ready == 0

    return _is(name, "is stopped and has no pods", holds)


def _is_gone(name: str) -> Check:
    return Check(name, f"nothing is left of {name}", lambda seen: name not in seen)
