from typing import Any

import pytest

from gco_stream.core.models import Manifest
from gco_stream.core.replicas import owns_replicas, release, replicas_of, wanted_replicas
from tests.builders import DEPLOYMENT, NAME, a_live, an_endpoint, deployment_of
from tests.server_side_apply import applied

pytestmark = pytest.mark.behaviour("B16")


def live(replicas: int) -> dict[str, Any]:
    return a_live(deployment_of(an_endpoint(), replicas=replicas))


def scaled_by(manager: str, to: int) -> dict[str, Any]:
    count = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": {"replicas": to}}
    return applied(live(1), count, manager=manager)


@pytest.mark.parametrize("there", [None, live(0), live(7)], ids=["nothing", "none", "seven"])
@pytest.mark.parametrize("off", [None, {"enabled": False, "min_replicas": 5}])
def test_without_autoscaling_the_record_says_how_many(there: Manifest | None, off: dict[str, Any] | None) -> None:
    assert wanted_replicas(an_endpoint(replicas=3, autoscaling=off), there) == 3
    assert wanted_replicas(an_endpoint(replicas=0, autoscaling=off), there) == 0


def test_with_autoscaling_a_count_above_0_is_left_alone() -> None:
    endpoint = an_endpoint(replicas=3, autoscaling={"enabled": True, "min_replicas": 2, "max_replicas": 5})

    for count in (1, 3, 50):
        assert wanted_replicas(endpoint, live(count)) is None


@pytest.mark.parametrize(("replicas", "start"), [(0, 2), (1, 2), (2, 2), (4, 4), (5, 5), (6, 5), (100, 5)])
@pytest.mark.parametrize("there", [None, live(0)], ids=["new", "stopped"])
def test_with_autoscaling_a_start_is_within_the_bounds(there: Manifest | None, replicas: int, start: int) -> None:
    endpoint = an_endpoint(replicas=replicas, autoscaling={"enabled": True, "min_replicas": 2, "max_replicas": 5})

    # A start above them would wake pods only for the autoscaler to end them again.
    assert wanted_replicas(endpoint, there) == start


def test_a_count_that_is_not_there_is_kubernetes_default() -> None:
    without = {**live(3), "spec": {}}

    assert (replicas_of(None), replicas_of(live(0)), replicas_of(live(4)), replicas_of(without)) == (0, 0, 4, 1)


def test_our_count_is_written_over_as_it_is() -> None:
    there = live(4)

    released = release(DEPLOYMENT, there)

    assert released is not None
    assert released.gives_up_replicas
    assert released.manifest["spec"] == {"replicas": 4}
    assert (released.key, released.uid) == (DEPLOYMENT, there["metadata"]["uid"])


def test_a_count_of_somebody_else_is_not_ours_to_give() -> None:
    there = scaled_by("kube-controller-manager", 4)

    assert not owns_replicas(there)
    assert release(DEPLOYMENT, there) is None
    assert not owns_replicas(None)
