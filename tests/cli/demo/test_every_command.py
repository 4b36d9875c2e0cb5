"""Every command once, against what the demo starts: the controller itself, an emulated table and the sandbox."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from gco_stream.cli.demo.embedded import embedded
from gco_stream.cli.demo.scenes import FAST
from gco_stream.shell.clock import SystemClock
from tests.cli.commands import Ended, apart
from tests.cli.commands_page import commands

# What all of this is: the one is started by it, the other is what starts it.
ITSELF = {("run",), ("demo",)}
V1, V2, V3 = (f"acme/server:v{number}" for number in (1, 2, 3))
WAIT = ("--wait", "--timeout", "60")


class Step(NamedTuple):
    """A command, a fact of what it then says, and its exit code."""

    line: str
    fact: str
    code: int = 0

    def words(self, folder: Path, pid: int) -> Sequence[str]:
        known = {"PID": str(pid), "RECORD": str(folder / "embed.json"), "CAPTURE": str(folder / "day.jsonl")}
        given = [known.get(word, word) for word in self.line.split()]
        return [*given[:-1], *WAIT] if given[-1] == "--wait" else given


STEPS = (
    Step("schema", '"endpoint_name"'),
    Step("table create", "gco-inference-endpoints in us-east-1: exists already"),
    Step("table describe", "NEW_AND_OLD_IMAGES"),
    Step("table enable-stream", "has its stream already"),
    Step("check", "ok      table"),
    Step(f"endpoint create chat --image {V1} --replicas 2 --gpu-count 0 --wait", "chat: created"),
    Step("endpoint apply -f RECORD --wait", "embed: created"),
    Step("endpoint list", "running"),
    Step("endpoint show chat -o yaml", f"image: {V1}"),
    Step("endpoint scale chat 3 --wait", "chat: scaled to 3"),
    Step(f"endpoint set-image chat {V2} --wait", f"chat: image set to {V2}"),
    Step(f"endpoint canary chat {V3} --weight 20 --wait", f"chat: canary of {V3} set to 20 %"),
    Step("endpoint promote chat --wait", "chat: canary promoted"),
    Step(f"endpoint canary embed {V2} --wait", f"embed: canary of {V2} set"),
    Step("endpoint rollback embed --wait", "embed: canary ended"),
    Step("endpoint hold embed --reason lunch", "embed: held"),
    Step("explain embed", "embed is held: lunch"),
    Step("endpoint release embed", "embed: released"),
    Step("endpoint add-region embed eu-west-1", "embed: to run in eu-west-1"),
    Step("endpoint remove-region embed eu-west-1", "embed: no more to run in eu-west-1"),
    Step("endpoint forget-region embed eu-west-1 --yes", "embed: unchanged"),
    Step("endpoint stop embed --wait", "embed: stopped"),
    Step("endpoint start embed --wait", "embed: started"),
    Step("resync --pid PID", "was asked for a resync"),
    Step("top --once", "2 endpoints, 2 in all regions"),
    Step("plan", "2 in step, nothing to do"),
    Step("capture CAPTURE", "day.jsonl: "),
    Step("replay --from CAPTURE", "2 endpoints; all in step"),
    Step("replay --endpoint chat --apply --yes", "nothing was carried out: ", 1),
    Step("endpoint delete chat --yes --wait", "chat: marked for deletion"),
)


def test_none_is_left_out() -> None:
    tried = {path for path in commands() for step in STEPS if tuple(step.line.split())[: len(path)] == path}

    assert tried | ITSELF == set(commands())


@pytest.mark.process
async def test_each_does_what_it_says(tmp_path: Path) -> None:
    record = {"endpoint_name": "embed", "target_regions": ["us-east-1"], "spec": {"image": V1, "gpu_count": 0}}
    (tmp_path / "embed.json").write_text(json.dumps(record))
    async with embedded(FAST, SystemClock(), lambda _line: None) as running:
        for step in STEPS:
            words = step.words(tmp_path, running.controller.pid)
            ended: Ended = await asyncio.to_thread(apart, *words, **running.environment)

            assert ended.code == step.code, f"{step.line}: {ended}"
            assert step.fact in ended.out + ended.err, f"{step.line}: {ended}"
