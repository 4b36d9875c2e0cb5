"""Machines, and which of them can take a pod."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gco_stream.core.quantities import amount

Object = Mapping[str, Any]

_GPU, _NEURON = "nvidia.com/gpu", "aws.amazon.com/neuron"
_NVIDIA = {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}
_NO_PREEMPTION = (
    "no new claims to deallocate, preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine.

    Attributes:
        resources: How much of each resource it has; what is not named it has without end, unless the name has a ``/``.
        taint: The resource that, as a taint, keeps pods away that do not tolerate it; None for no taint.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, int] = field(default_factory=dict)
    taint: str | None = None


def default_nodes() -> tuple[Node, ...]:
    """Return the machines that there are if nothing else is said: GPUs of several kinds, Neuron devices, and more."""
    pools: tuple[tuple[str, int, str, str, Mapping[str, str], str | None], ...] = (
        ("gpu-a10g", 4, "g5.xlarge", "on-demand", _NVIDIA, _GPU),
        ("gpu-l40s", 2, "g6e.12xlarge", "on-demand", _NVIDIA, _GPU),
        ("gpu-h100", 2, "p5.48xlarge", "on-demand", _NVIDIA, _GPU),
        ("gpu-spot", 2, "g5.xlarge", "spot", _NVIDIA, _GPU),
        ("neuron", 2, "trn1.32xlarge", "on-demand", {"accelerator": "neuron"}, _NEURON),
        ("cpu", 1, "m7i.xlarge", "on-demand", {}, None),
    )
    return tuple(
        Node(
            name=f"{pool}-{number}",
            labels={"karpenter.sh/capacity-type": capacity, "node.kubernetes.io/instance-type": machine, **labels},
            resources={device: 8} if device else {},
            taint=device,
        )
        for pool, count, machine, capacity, labels, device in pools
        for number in range(count)
    )


def place(pod: Object, nodes: Sequence[Node], pods: Iterable[Object]) -> tuple[Node | None, str]:
    """Choose the node with the most room for a pod, and say in the scheduler's words why there is none."""
    used: dict[str, Counter[str]] = {node.name: Counter() for node in nodes}
    for other in pods:
        name = other["spec"].get("nodeName")
        if name in used:
            used[name].update({resource: int(count) for resource, count in _asked(other).items()})
    obstacles = {node.name: _obstacle(pod, node, used[node.name]) for node in nodes}
    fitting = [node for node in nodes if obstacles[node.name] is None]
    if fitting:
        return max(fitting, key=lambda node: -sum(used[node.name].values())), ""
    counted = Counter(obstacle for obstacle in obstacles.values() if obstacle is not None)
    told = ", ".join(sorted(f"{number} {obstacle}" for obstacle, number in counted.items()))
    return None, f"0/{len(nodes)} nodes are available: {told}. {_NO_PREEMPTION.format(len(nodes))}"


def _obstacle(pod: Object, node: Node, used: Mapping[str, int]) -> str | None:
    if node.taint is not None and not any(_tolerates(one, node.taint) for one in pod["spec"].get("tolerations") or ()):
        return "node(s) had untolerated taint(s)"
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(node.labels.get(label) != value for label, value in wanted.items()):
        return "node(s) didn't match Pod's node affinity/selector"
    for resource, count in _asked(pod).items():
        if used.get(resource, 0) + count > node.resources.get(resource, 0):
            return f"Insufficient {resource}"
    return None


def _tolerates(toleration: Object, key: str) -> bool:
    is_any_value = toleration.get("operator") == "Exists"
    is_key = toleration.get("key") == key or (is_any_value and not toleration.get("key"))
    is_value = is_any_value or toleration.get("value") == "true"
    return is_key and is_value and toleration.get("effect") in (None, "", "NoSchedule")


def _asked(pod: Object) -> Mapping[str, Decimal]:
    """Count the devices that a pod asks for; of processors and memory there is enough."""
    asked: dict[str, Decimal] = {}
    for container in pod["spec"].get("containers") or ():
        for resource, count in ((container.get("resources") or {}).get("requests") or {}).items():
            if "/" in resource:
                asked[resource] = asked.get(resource, Decimal(0)) + (amount(count) or Decimal(0))
    return asked
