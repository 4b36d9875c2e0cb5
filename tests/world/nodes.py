"""The machines of the world: objects that the real scheduler believes in."""

from dataclasses import dataclass

from tests.world.kubernetes import Manifest

ACCELERATORS_PER_NODE = 8
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Some nodes that are alike."""

    name: str
    count: int
    instance_type: str
    capacity_type: str = "on-demand"
    labels: dict[str, str]
    accelerator: str | None = None
    """The resource that the nodes have and that, as a taint, keeps other pods away."""

    def nodes(self) -> list[Manifest]:
        """The Node objects, named `<pool>-0` and so on."""
        return [self._node(f"{self.name}-{number}", ZONES[number % len(ZONES)]) for number in range(self.count)]

    def _node(self, name: str, zone: str) -> Manifest:
        resources = {"cpu": "192", "memory": "2Ti", "pods": "500", "ephemeral-storage": "2Ti"}
        taints = []
        if self.accelerator:
            resources[self.accelerator] = str(ACCELERATORS_PER_NODE)
            taints.append({"key": self.accelerator, "value": "true", "effect": "NoSchedule"})
        labels = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "karpenter.sh/capacity-type": self.capacity_type,
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/zone": zone,
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels | self.labels},
            "spec": {"taints": taints},
            "status": {"capacity": resources, "allocatable": resources},
        }


NVIDIA_GPU, NEURON_DEVICE = "nvidia.com/gpu", "aws.amazon.com/neuron"


def _nvidia(name: str, count: int, instance_type: str, capacity_type: str = "on-demand") -> Pool:
    return Pool(
        name=name,
        count=count,
        instance_type=instance_type,
        capacity_type=capacity_type,
        labels={"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
        accelerator=NVIDIA_GPU,
    )


POOLS = (
    _nvidia("gpu-a10g", 4, "g5.xlarge"),
    _nvidia("gpu-l40s", 2, "g6e.12xlarge"),
    _nvidia("gpu-h100", 2, "p5.48xlarge"),
    _nvidia("gpu-spot", 2, "g5.xlarge", "spot"),
    Pool(
        name="neuron",
        count=2,
        instance_type="trn1.32xlarge",
        labels={"accelerator": "neuron"},
        accelerator=NEURON_DEVICE,
    ),
    Pool(name="cpu", count=3, instance_type="m7i.xlarge", labels={}),
)


def all_nodes() -> list[Manifest]:
    """Every node of a world."""
    return [node for pool in POOLS for node in pool.nodes()]
