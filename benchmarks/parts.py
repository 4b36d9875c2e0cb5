"""Every part there is, by its name, in the order in which they are measured."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from benchmarks import (
    bringup,
    curves,
    deciding,
    failover,
    growth,
    idle,
    load,
    memory,
    propagation,
    repair,
    stream,
    takeover,
)
from benchmarks.figures import Figure
from benchmarks.sizes import Sizes

Part = Callable[[Sizes], Coroutine[Any, Any, list[Figure]]]

PARTS: Mapping[str, Part] = {
    "deciding": deciding.measure,
    "stream": stream.measure,
    "propagation": propagation.measure,
    "load": load.measure,
    "bringup": bringup.measure,
    "takeover": takeover.measure,
    "idle": idle.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "repair": repair.measure,
    "failover": failover.measure,
    "curves": curves.measure,
}
