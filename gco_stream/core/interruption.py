"""Whether replacing an endpoint's only pod leaves it without a server."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from gco_stream.core.models import Manifest

NO_SERVER = (
    "with one replica there is no server while the new pod loads its model: the old one goes first, since an extra "
    "accelerator may not be free. Where one is, set rollout {max_surge: 1, max_unavailable: 0} in the spec"
)


def interrupts(deployment: Manifest) -> bool:
    """Whether a new pod template means a time without any pod; a percentage counts of the one replica there is.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable
    """
    spec = deployment["spec"]
    if spec.get("replicas", 1) != 1:
        return False
    strategy: Mapping[str, Any] = spec.get("strategy", {}).get("rollingUpdate", {})
    missing = floor(_part_of_one(strategy.get("maxUnavailable", "25%")))
    extra = ceil(_part_of_one(strategy.get("maxSurge", "25%")))
    return missing > 0 or extra == 0


def _part_of_one(amount: int | str) -> Fraction:
    return Fraction(amount) if isinstance(amount, int) else Fraction(int(amount.removesuffix("%")), 100)
