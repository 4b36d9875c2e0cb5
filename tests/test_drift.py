"""What the log and the counters say of corrections, from a pass of the reconciler."""

import logging
from typing import Any

import pytest

from gco_stream.core.models import Kind
from tests.builders import DEPLOYMENT, a_spec, an_item
from tests.fakes.region import Region, a_region, at_work

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B14")]


def hack(region: Region, *, manager: str = "kubectl-edit", **container: Any) -> None:
    spec = {"template": {"spec": {"containers": [{"name": "inference", **container}]}}}
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llama"}, "spec": spec}
    region.cluster.make(theirs, manager=manager)


def corrected(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [vars(record)["reason"] for record in caplog.records if record.message == "drift corrected"]


async def test_a_correction_is_logged_and_counted_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(20, "llama")
        hack(region, image="hacked:v9")
        await region.after(20, "llama")
        await region.after(20, "llama")

    assert corrected(caplog) == ["corrected image on Deployment llama, last written by kubectl-edit"]
    assert region.reconciler.corrections.counts == {(Kind.DEPLOYMENT, "kubectl-edit"): 1}


async def test_something_taken_away_is_counted_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(20, "llama")
        live = region.cluster.model.objects[DEPLOYMENT]
        del live["metadata"]["labels"]["project"]
        ours = live["metadata"]["managedFields"][0]["fieldsV1"]
        del ours["f:metadata"]["f:labels"]["f:project"]
        await region.after(20, "llama")

    assert corrected(caplog) == ["corrected something removed on Deployment llama, last written by unknown"]


async def test_a_new_wish_over_what_somebody_changed_is_no_correction(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(20, "llama")
        hack(region, image="hacked:v9")
        region.records.change("llama", spec=a_spec(image="acme/server:v2"))
        await region.after(20, "llama")

    assert corrected(caplog) == []


async def test_what_could_not_be_put_right_is_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(20, "llama")
        hack(region, image="hacked:v9")
        region.line.cut("apply")
        await region.after(20, "llama")

    assert corrected(caplog) == []
    assert not region.reconciler.corrections.counts
