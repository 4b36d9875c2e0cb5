"""``make demo``: the controller at work on a real control plane, told as a story.

Until the embedded demo exists this runs in the test world, so it needs what the tests need.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.controller import Controller, running_controller
from tests.world import Site, eventually, running_world
from tests.writers import Writers, a_spec

VLLM = {"image": "vllm/vllm-openai:v0.8.0-ready-after-2s-slow-stop-1s", "env": {"MODEL": "meta-llama/Llama-3.1-8B"}}
TRITON = {"image": "nvcr.io/nvidia/tritonserver:24.01-py3", "health_check_path": "/v2/health/ready"}
NEURON = {"image": "acme/neuron-server:v3", "accelerator": "neuron", "gpu_count": 2}


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story is played on."""

    console: Console
    site: Site
    writers: Writers
    controller: Controller

    async def scene(self, title: str, change: Callable[[], None], done: Callable[[], bool]) -> None:
        """Make a change in the table, wait until it is so in the cluster, and show both."""
        self.console.rule(f"[bold]{title}", align="left")
        lines = len(self.controller.lines)
        started = time.perf_counter()
        change()
        await eventually(done, 60, title)
        seconds = time.perf_counter() - started
        for line in self.controller.lines[lines:]:
            self._tell(line)
        self.console.print(self._endpoints())
        self.console.print(f"so after {seconds:.2f} s\n", style="green")

    def states(self) -> dict[str, str]:
        """Return each endpoint's state in this region."""
        return {name: self.writers.status(name).get("state", "") for name in self._names()}

    def _names(self) -> list[str]:
        return sorted(item["endpoint_name"] for item in self.writers.scan()["Items"])

    def _tell(self, line: dict[str, Any]) -> None:
        shown = (line.get("reason") if "actions" in line else line.get("state")) or ""
        reason = f" ({line['reason']})" if line.get("reason") and line["message"] == "status written" else ""
        text = f"  {line['timestamp'][11:23]}  {line.get('endpoint', ''):<8} {line['message']}: {shown}{reason}"
        self.console.print(text.removesuffix(": "), style="dim", markup=False, highlight=False)

    def _endpoints(self) -> Table:
        table = Table("endpoint", "desired", "state", "ready", "published", "image", "why")
        for name in self._names():
            item, status = self.writers.read(name) or {}, self.writers.status(name)
            ready = f"{status.get('replicas_ready', 0)}/{status.get('replicas_desired', 0)}"
            published = "yes" if status.get("published") else "no"
            why = status.get("error") or status.get("reason") or ""
            image = str(item.get("spec", {}).get("image", "")).rpartition("/")[2]
            table.add_row(name, item.get("desired_state"), status.get("state"), ready, published, image, why)
        return table


async def play(stage: Stage) -> None:
    """Let a few endpoints live."""
    writers, states = stage.writers, stage.states

    def create() -> None:
        writers.create("llama", a_spec(replicas=2, **VLLM))
        writers.create("triton", a_spec(**TRITON))
        writers.create("neuron", a_spec(**NEURON))
        writers.create("typo", a_spec(port="abc"))

    def delete() -> None:
        for name in states():
            writers.say(name, "deleted")

    running = {"llama": "running", "triton": "running", "neuron": "running"}
    await stage.scene(
        "Four records are created, one with a mistake", create, lambda: states() == {**running, "typo": "error"}
    )
    await stage.scene(
        "The mistake is mended",
        lambda: writers.change("typo", port=8000),
        lambda: states() == {**running, "typo": "running"},
    )
    await stage.scene(
        "triton is scaled to 3",
        lambda: writers.scale("triton", 3),
        lambda: writers.status("triton")["replicas_ready"] == 3,
    )
    await stage.scene(
        "llama gets a new image: one pod after the other, because GPUs are scarce",
        lambda: writers.change("llama", image="vllm/vllm-openai:v0.9.0-ready-after-1s"),
        lambda: (writers.read("llama") or {})["desired_state"] == "running",
    )
    await stage.scene(
        "neuron is stopped", lambda: writers.say("neuron", "stopped"), lambda: states()["neuron"] == "stopped"
    )
    await stage.scene(
        "neuron is started", lambda: writers.say("neuron", "running"), lambda: states()["neuron"] == "running"
    )
    await stage.scene("Everything is deleted, records too", delete, lambda: states() == {})


async def demo() -> None:
    """Start the world and the controller, and play the story."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print("Starting a Kubernetes control plane with GPU nodes, and DynamoDB …", style="dim")
    async with running_world() as world, world.site() as site, running_controller(site) as controller:
        await play(Stage(console, site, Writers(site.table, site.namespace), controller))
    console.print("The controller was told to stop and exited with 0.", style="green")


if __name__ == "__main__":
    asyncio.run(demo())
