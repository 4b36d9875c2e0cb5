"""What the caller directs: how long things take, and what goes wrong.

How a pod behaves can be said by the tag of its first container's image, with the words that ``tests/world/README.md``
has for the real control plane's nodes, so that both understand the same images:

=========================  ====================================================
``never-ready``            runs, is never ready
``ready-after-<n>s``       runs, is ready after n seconds
``ends-after-<n>s``        is ready, ends with exit code 1 after n seconds
``crash``                  CrashLoopBackOff; restarts after 5 s, 10 s, 15 s, …
``no-pull``                ImagePullBackOff
``slow-stop-<n>s``         takes n seconds to go once deleted
=========================  ====================================================
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gco_stream.sandbox.simulator.nodes import Node, default_nodes

_SECONDS = re.compile(r"(ready-after|ends-after|slow-stop)-([0-9.]+)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the pods of one image behave.

    Attributes:
        ready_after: Seconds from the start of its containers until it is ready; None for never.
        ends_after: Seconds from being ready until it ends with exit code 1; None for never.
        crashes: Whether it ends at once, again and again.
        is_pulled: Whether its image can be pulled.
        stops_after: Seconds that it takes to go once it is deleted.
    """

    ready_after: float | None = 0.0
    ends_after: float | None = None
    crashes: bool = False
    is_pulled: bool = True
    stops_after: float = 0.0


@dataclass(slots=True, kw_only=True)
class Directions:
    """What happens in the sandbox; may be changed at any time, and holds for what begins after that.

    Attributes:
        otherwise: How pods behave whose tag says nothing about it.
        tags: How pods of a tag behave, whatever its words say.
        starts_after: Seconds from the choice of a node until the containers are started: for the image to be pulled.
        nodes: The machines that there are.
        usage: Percent of what a Deployment's pods request that they use, by its name and the resource's, such as
            ``{"llama": {"cpu": 140}}``; without it an autoscaler knows no metrics and enforces its bounds alone.
        autoscaling_every: Seconds between two looks of the autoscalers.
        scale_down_after: Seconds for which fewer replicas must have been enough before an autoscaler takes some away.
    """

    otherwise: Behaviour = Behaviour()
    tags: dict[str, Behaviour] = field(default_factory=dict)
    starts_after: float = 0.0
    nodes: tuple[Node, ...] = field(default_factory=default_nodes)
    usage: dict[str, Mapping[str, float]] = field(default_factory=dict)
    autoscaling_every: float = 15.0
    scale_down_after: float = 300.0

    def behaviour_of(self, image: str) -> Behaviour:
        """Say how the pods of an image behave."""
        tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
        if tag in self.tags:
            return self.tags[tag]
        seconds = {word: float(number) for word, number in _SECONDS.findall(tag)}
        found = replace(
            self.otherwise,
            ready_after=seconds.get("ready-after", self.otherwise.ready_after),
            ends_after=seconds.get("ends-after", self.otherwise.ends_after),
            stops_after=seconds.get("slow-stop", self.otherwise.stops_after),
        )
        if "never-ready" in tag:
            found = replace(found, ready_after=None)
        return replace(
            found, crashes=found.crashes or "crash" in tag, is_pulled=found.is_pulled and "no-pull" not in tag
        )
