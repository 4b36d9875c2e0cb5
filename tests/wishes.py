"""What the known writers do to a record, as values: a storm is a row of them, and prints as one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from gco_stream.core.models import Item
from tests.builders import ELSEWHERE, REGION, as_stored

IMAGES = ("acme/server:v1", "acme/server:v2", "vllm/vllm-openai:v1")


@dataclass(frozen=True, slots=True)
class Wish:
    """One write, by its verb and what is said with it."""

    verb: str
    said: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.verb}({', '.join(f'{key}={value!r}' for key, value in self.said.items())})"

    def of(self, item: Item) -> dict[str, Any]:
        """Return the record as it is after this write; none of the writers locks, nor looks at the state."""
        changed: dict[str, Any] = as_stored(_VERBS[self.verb](item, **self.said))
        return changed


def say(state: str) -> Wish:
    """Stop, start or delete: ``stopped``, ``running``, ``deleted``."""
    return Wish("say", {"state": state})


def change(**changes: Any) -> Wish:
    """Change fields of the spec; None removes one."""
    return Wish("change", changes)


def scale(replicas: int) -> Wish:
    return Wish("scale", {"replicas": replicas})


def canary(image: str, *, weight: int = 10, replicas: int = 1) -> Wish:
    return change(canary={"image": image, "weight": weight, "replicas": replicas})


def promote() -> Wish:
    return Wish("promote")


def rollback() -> Wish:
    return change(canary=None)


def retarget(*regions: str) -> Wish:
    return Wish("retarget", {"regions": list(regions)})


def _say(item: Item, *, state: str) -> Item:
    return {**item, "desired_state": state}


def _change(item: Item, **changes: Any) -> Item:
    spec = {key: value for key, value in {**item["spec"], **changes}.items() if value is not None}
    return {**item, "spec": spec, "desired_state": "deploying"}


def _scale(item: Item, *, replicas: int) -> Item:
    return {**item, "spec": {**item["spec"], "replicas": replicas}}


def _promote(item: Item) -> Item:
    running = item["spec"].get("canary")
    return item if running is None else _change(item, image=running["image"], canary=None)


def _retarget(item: Item, *, regions: list[str]) -> Item:
    return {**item, "target_regions": regions}


_VERBS: Mapping[str, Callable[..., Item]] = {
    "say": _say,
    "change": _change,
    "scale": _scale,
    "promote": _promote,
    "retarget": _retarget,
}

_autoscalings = st.builds(
    lambda low, more: {"enabled": True, "min_replicas": low, "max_replicas": low + more},
    st.integers(1, 3),
    st.integers(0, 2),
)
wishes = st.one_of(
    st.builds(scale, st.integers(0, 3)),
    st.sampled_from(["stopped", "running", "running", "deleted"]).map(say),
    st.builds(canary, st.sampled_from(IMAGES), weight=st.sampled_from([1, 10, 99]), replicas=st.integers(0, 2)),
    st.just(promote()),
    st.just(rollback()),
    st.sampled_from(IMAGES).map(lambda image: change(image=image)),
    st.sampled_from([8000, 9000]).map(lambda port: change(port=port)),
    st.sampled_from(["/health", "/ok"]).map(lambda path: change(health_check_path=path)),
    st.sampled_from([0, 1]).map(lambda count: change(gpu_count=count)),
    _autoscalings.map(lambda bounds: change(autoscaling=bounds)),
    st.just(change(autoscaling=None)),
    st.sampled_from([(REGION,), (REGION, ELSEWHERE), (ELSEWHERE,)]).map(lambda regions: retarget(*regions)),
)
"""Everything that one write asks for."""
