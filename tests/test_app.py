"""The controller as a whole: how it starts, how it is told to stop, and how it ends when something crashes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gco_stream import app
from gco_stream.core.models import Kind, ObjectKey
from gco_stream.errors import Transient
from gco_stream.settings import read_settings
from tests.builders import an_item
from tests.fakes.controller import serving, with_records
from tests.fakes.line import soon


@pytest.mark.looptime
class TestServing:
    async def test_what_is_in_the_table_runs_and_so_does_what_is_written_later(self) -> None:
        async with serving(with_records()) as controller:
            await soon(lambda: controller.states() == {"running"})

            controller.records.put(an_item("later"))
            await soon(lambda: controller.records.status("later", "us-east-1"), within=0.5)
            await soon(lambda: controller.states() == {"running"})

    async def test_an_idle_controller_reads_its_stream_and_nothing_else(self) -> None:
        async with serving(with_records()) as controller:
            await asyncio.sleep(30)
            controller.line.calls.clear()

            await asyncio.sleep(200)

            others = set(controller.line.operations()) - {"read"}
            assert others == {"locate", "describe"}
            assert controller.line.count("describe") <= 4

    async def test_what_somebody_deletes_is_there_again_before_any_resync(self) -> None:
        async with serving(with_records()) as controller:
            await soon(lambda: controller.states() == {"running"})
            await asyncio.sleep(60)
            key = ObjectKey(Kind.SERVICE, "a")

            del controller.cluster.model.objects[key]
            await soon(lambda: key in controller.cluster.model.objects, within=controller.cluster.blink + 1)

            assert controller.line.count("scan") == 1

    async def test_without_a_stream_the_resync_alone_finds_changes(self) -> None:
        async with serving(with_records(EVENT_SOURCE="none", RECONCILE_INTERVAL_SECONDS="15")) as controller:
            await soon(lambda: controller.states() == {"running"})
            controller.records.put(an_item("later"))
            await soon(lambda: controller.records.status("later", "us-east-1"), within=16)

            assert controller.line.count("read") == controller.line.count("locate") == 0

    @pytest.mark.behaviour("B5")
    async def test_a_resync_that_is_asked_for_happens_at_once(self) -> None:
        async with serving(with_records()) as controller:
            await asyncio.sleep(30)
            before = controller.line.count("scan")

            controller.resyncs.ask("SIGHUP")
            await asyncio.sleep(0.1)

            assert controller.line.count("scan") == before + 1

    async def test_no_more_endpoints_are_in_hand_than_there_are_workers(self) -> None:
        controller = with_records(WORKERS="2")
        controller.line.cut("observe")

        async with serving(controller):
            await asyncio.sleep(5)

            assert controller.line.count("observe") == 2


@pytest.mark.looptime
@pytest.mark.behaviour("B5")
class TestStopping:
    async def test_an_idle_controller_stops_at_once(self) -> None:
        async with serving(with_records()) as controller:
            await asyncio.sleep(30)

            controller.stop.set()

            async with asyncio.timeout(0.1):
                await controller.serving

    async def test_work_in_hand_finishes_and_nothing_new_begins(self) -> None:
        controller = with_records(WORKERS="1")
        controller.line.latency = 1.0

        async with serving(controller):
            await soon(lambda: controller.line.count("get"))
            controller.stop.set()
            await controller.serving

        assert [call.about for call in controller.line.calls if call.operation == "apply"] == [
            "Service a",
            "Deployment a",
        ]
        assert controller.line.operations()[-1] == "write_status"
        assert controller.states() == {"creating", None}

    async def test_feeds_stop_before_work_in_hand_does(self) -> None:
        controller = with_records(WORKERS="1")

        async with serving(controller):
            controller.line.cut("observe")
            await soon(lambda: controller.line.count("observe"))
            controller.stop.set()
            await asyncio.sleep(1)
            controller.line.calls.clear()
            await asyncio.sleep(10)

            assert controller.line.calls == []
            assert not controller.serving.done()

    async def test_work_that_does_not_finish_is_left_behind_within_a_pods_grace(self) -> None:
        controller = with_records()
        controller.line.cut("observe")

        async with serving(controller):
            await soon(lambda: controller.line.count("observe"))
            before = asyncio.get_running_loop().time()
            controller.stop.set()
            await controller.serving

            assert asyncio.get_running_loop().time() - before <= 25

    async def test_a_stop_before_the_first_answer_is_obeyed(self) -> None:
        controller = with_records()
        for operation in ("locate", "scan", "read"):
            controller.line.cut(operation)

        async with serving(controller):
            controller.stop.set()

            async with asyncio.timeout(0.1):
                await controller.serving


@pytest.mark.looptime
@pytest.mark.behaviour("B5")
class TestCrashing:
    @pytest.mark.parametrize("operation", ["locate", "describe", "open", "read", "scan"])
    async def test_a_crash_of_a_feed_ends_everything_with_its_error(self, operation: str) -> None:
        controller = with_records()
        controller.line.fail(operation, ZeroDivisionError("a bug"))

        async with serving(controller):
            with pytest.raises(BaseExceptionGroup) as crash:
                await controller.serving

        assert crash.value.split(ZeroDivisionError)[1] is None

    @pytest.mark.parametrize("operation", ["locate", "describe", "open", "read", "scan"])
    async def test_trouble_that_may_pass_ends_nothing(self, operation: str) -> None:
        controller = with_records()
        controller.line.fail(operation, Transient("unreachable"))

        async with serving(controller):
            await asyncio.sleep(600)
            assert not controller.serving.done()
            controller.line.mend(operation)
            await asyncio.sleep(120)

            assert controller.states() == {"running"}

    async def test_a_crash_while_work_is_in_hand_is_not_held_up_by_it(self) -> None:
        controller = with_records()
        controller.line.cut("observe")

        async with serving(controller):
            await soon(lambda: controller.line.count("observe"))
            controller.line.fail("read", ZeroDivisionError("a bug"))

            async with asyncio.timeout(1):
                with pytest.raises(BaseExceptionGroup):
                    await controller.serving


def gco_stream(arguments: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that has nothing of ours but what is given."""
    inherited = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONPATH") if key in os.environ}
    nowhere = {"HOME": str(folder), "KUBECONFIG": str(folder / "absent"), "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-m", "gco_stream", *arguments]
    everything = inherited | nowhere | environment
    return subprocess.run(command, env=everything, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.process
class TestCommand:
    @pytest.mark.behaviour("B1")
    def test_every_problem_of_the_settings_is_told_and_nothing_is_touched(self, tmp_path: Path) -> None:
        ended = gco_stream(["run"], tmp_path, WORKERS="none", LOG_FORMAT="xml", K8S_API_TIMEOUT="-1")

        assert ended.returncode == 2
        assert ended.stdout == ""
        lines = ended.stderr.splitlines()
        assert {line.split()[1] for line in lines} == {"REGION", "WORKERS", "LOG_FORMAT", "K8S_API_TIMEOUT"}
        assert all(line.startswith("gco-stream: ") for line in lines)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.behaviour("B3")
    def test_a_missing_cluster_is_told(self, tmp_path: Path) -> None:
        ended = gco_stream(["run"], tmp_path, REGION="us-east-1")

        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
        assert "KUBECONFIG" in ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr

    @pytest.mark.parametrize(
        ("arguments", "told"), [("--help", "run"), ("run --help", "Run the controller"), ("--version", "gco-stream 0.")]
    )
    def test_help_and_version_need_no_settings(self, arguments: str, told: str, tmp_path: Path) -> None:
        ended = gco_stream(arguments.split(), tmp_path)

        assert (ended.returncode, ended.stderr) == (0, "")
        assert told in ended.stdout

    def test_help_shows_an_example(self, tmp_path: Path) -> None:
        assert "Example: REGION=us-east-1" in gco_stream(["run", "--help"], tmp_path).stdout

    @pytest.mark.parametrize("arguments", [["nonsense"], ["run", "--nonsense"], ["run", "extra"]], ids=" ".join)
    def test_wrong_usage_is_2(self, arguments: list[str], tmp_path: Path) -> None:
        ended = gco_stream(arguments, tmp_path)

        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr


def test_a_scope_says_what_the_settings_say() -> None:
    settings = read_settings({"REGION": "us-east-1", "CLUSTER_NAME": "gpu-1", "INFERENCE_NAMESPACE": "models"})

    scope = app.scope_of(settings)

    assert (scope.region, scope.cluster, scope.namespace) == ("us-east-1", "gpu-1", "models")
