"""In steady state nothing is written anywhere, and nothing is read but the stream and the watches."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.controller import running_controller
from tests.counting import counting_proxy
from tests.e2e.watching import asked, is_promoted, reaches
from tests.world import Site, World, eventually
from tests.writers import Writers, a_spec

POLLS = 24


@pytest.mark.behaviour("B14", "B15")
async def test_an_idle_controller_writes_nothing_and_reads_its_stream_alone(
    world: World, site: Site, writers: Writers
) -> None:
    async with counting_proxy(world.dynamodb.endpoint) as proxy:
        through = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}
        async with running_controller(site, **through):
            for number in range(5):
                writers.create(f"endpoint-{number}", a_spec(replicas=number))
            writers.create("typo", a_spec(port="abc"))
            for number in range(5):
                await is_promoted(writers, f"endpoint-{number}")
            await reaches(writers, "typo", "error")
            writers.say("endpoint-1", "stopped")
            await reaches(writers, "endpoint-1", "stopped")
            quiet = Quiet(lambda: (_others(proxy.calls), _requests(world, site)), lambda: proxy.calls["GetRecords"])
            await eventually(lambda: quiet.polls() >= POLLS, 40, f"{POLLS} reads of the stream and nothing else")


class Quiet:
    """How many times the stream was read since anything else was done last."""

    def __init__(self, done: Callable[[], object], reads: Callable[[], int]) -> None:
        self._done, self._reads = done, reads
        self._last, self._since = done(), reads()

    def polls(self) -> int:
        done = self._done()
        if done != self._last:
            self._last, self._since = done, self._reads()
        return self._reads() - self._since


def _others(calls: Counter[str]) -> Counter[str]:
    reading = ("GetRecords", "DescribeStream", "DescribeTable")
    return Counter({operation: count for operation, count in calls.items() if operation not in reading})


def _requests(world: World, site: Site) -> int:
    return sum(kind != "leases" for _, kind, _ in asked(world, site))
