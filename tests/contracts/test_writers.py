"""Our commands' writes and the known writers' are the same, field by field; only that ours lock nothing and notice."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aioboto3
import pytest
import pytest_asyncio

from gco_stream.core.canary_changes import promoted, rolled_back, with_canary
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import DesiredState
from gco_stream.core.region_changes import forgotten, with_region
from gco_stream.core.writing import Change, a_new_record, scaled, told, with_image
from gco_stream.errors import Conflict
from gco_stream.shell.aws import client_config
from gco_stream.shell.writing import RecordWriter
from tests.world.dynamodb import CREDENTIAL, REGION
from tests.world.site import Site
from tests.world.world import World
from tests.writers import Writers, a_spec

NAMES = ("ours", "theirs")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def writer(world: World, site: Site) -> AsyncIterator[RecordWriter]:
    session = aioboto3.Session(aws_access_key_id=CREDENTIAL, aws_secret_access_key=CREDENTIAL, region_name=REGION)
    options: dict[str, Any] = {"config": client_config(), "endpoint_url": world.dynamodb.endpoint}
    async with session.client("dynamodb", **options) as client:
        yield RecordWriter(client, site.table_name)


@pytest.fixture
def writers(site: Site) -> Writers:
    return Writers(site.table, site.namespace)


async def ours(writer: RecordWriter) -> Item:
    item = await writer.get(EndpointName("ours"))
    assert item is not None
    return item


def without_times_and_name(item: Item | None) -> dict[str, Any]:
    assert item is not None
    assert len(item["updated_at"]) == len("2026-03-01T12:00:00.000000+00:00")
    return {key: value for key, value in item.items() if key not in ("endpoint_name", "created_at", "updated_at")}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"replicas": 0, "env": {"A": "1", "B": ""}, "args": ["--x", ""]},
        {"resources": {"requests": {"cpu": 0.5, "memory": "4Gi"}}, "odd": [1, 2.5, True, None, {"a": 1}]},
    ],
    ids=["plain", "empty values", "fractions"],
)
async def test_create_puts_the_same_record(writer: RecordWriter, writers: Writers, spec: dict[str, Any]) -> None:
    writers.create("theirs", a_spec(**spec), ingress_path="/inference/one")
    wanted = {"endpoint_name": "ours", "spec": a_spec(**spec), "ingress_path": "/inference/one"}
    namespace = (writers.read("theirs") or {})["namespace"]

    await writer.create(a_new_record(wanted, namespace=namespace, regions=[REGION], now=NOW))

    assert without_times_and_name(writers.read("ours")) == without_times_and_name(writers.read("theirs"))


@pytest.mark.parametrize(
    ("they", "we"),
    [
        (lambda w: w.scale("theirs", 3), lambda item: scaled(item, 3, now=NOW)),
        (lambda w: w.say("theirs", "stopped"), lambda item: told(item, DesiredState.STOPPED, now=NOW)),
        (lambda w: w.say("theirs", "running"), lambda item: told(item, DesiredState.RUNNING, now=NOW)),
        (lambda w: w.say("theirs", "deleted"), lambda item: told(item, DesiredState.DELETED, now=NOW)),
        (lambda w: w.change("theirs", image="a:v2"), lambda item: with_image(item, "a:v2", now=NOW)),
        (
            lambda w: w.change("theirs", canary={"image": "a:v2", "weight": 5, "replicas": 1}),
            lambda item: with_canary(item, "a:v2", weight=5, replicas=None, now=NOW),
        ),
        (lambda w: w.retarget("theirs", REGION, "eu-west-1"), lambda item: with_region(item, "eu-west-1", now=NOW)),
    ],
    ids=["scale", "stop", "start", "delete", "set-image", "canary", "add-region"],
)
@pytest.mark.parametrize("state", ["deploying", "stopped", "deleted"])
async def test_a_change_leaves_the_same_record(
    writer: RecordWriter,
    writers: Writers,
    state: str,
    they: Callable[[Writers], None],
    we: Callable[[Item], Change],
) -> None:
    for name in NAMES:
        writers.create(name, desired_state=state, ingress_path="/x", extra={"kept": [Decimal("0.5")]})

    they(writers)
    answer = await writer.change(we(await ours(writer)))

    assert without_times_and_name(writers.read("ours")) == without_times_and_name(writers.read("theirs"))
    assert answer == writers.read("ours")
    assert answer["updated_at"] == NOW.isoformat(timespec="microseconds")


@pytest.mark.parametrize(
    ("they", "we"),
    [
        (lambda w: w.change("theirs", image="a:v2", canary=None), lambda item: promoted(item, now=NOW)),
        (lambda w: w.change("theirs", canary=None), lambda item: rolled_back(item, now=NOW)),
    ],
    ids=["promote", "rollback"],
)
async def test_a_canary_ends_with_the_same_record(
    writer: RecordWriter, writers: Writers, they: Callable[[Writers], None], we: Callable[[Item], Change | None]
) -> None:
    for name in NAMES:
        writers.create(name, a_spec(canary={"image": "a:v2", "weight": 5}), ingress_path="/x", desired_state="running")

    they(writers)
    change = we(await ours(writer))

    assert change is not None
    await writer.change(change)
    assert without_times_and_name(writers.read("ours")) == without_times_and_name(writers.read("theirs"))


async def test_a_region_is_forgotten_and_nothing_else_changes(writer: RecordWriter, writers: Writers) -> None:
    statuses = {REGION: {"state": "running"}, "ap-south-1": {"state": "running"}}
    writers.create("ours", region_status=statuses)
    before = writers.read("ours") or {}

    change = forgotten(await ours(writer), "ap-south-1")
    assert change is not None
    after = await writer.change(change)

    assert after == {**before, "region_status": {REGION: {"state": "running"}}} == change.after


async def test_a_region_that_says_something_meanwhile_is_not_forgotten(
    writer: RecordWriter, writers: Writers, site: Site
) -> None:
    writers.create("ours", region_status={"ap-south-1": {"state": "running"}})
    change = forgotten(await ours(writer), "ap-south-1")
    assert change is not None
    values = {":s": {"ap-south-1": {"state": "deleting"}}}
    key = {"endpoint_name": "ours"}
    site.table.update_item(Key=key, UpdateExpression="SET region_status = :s", ExpressionAttributeValues=values)

    with pytest.raises(Conflict):
        await writer.change(change)

    assert (writers.read("ours") or {})["region_status"] == values[":s"]


async def test_a_name_that_is_taken_is_a_conflict(writer: RecordWriter, writers: Writers) -> None:
    writers.create("ours", a_spec(replicas=3))
    before = writers.read("ours")

    with pytest.raises(Conflict):
        await writer.create(a_new_record({"endpoint_name": "ours"}, namespace="ns", regions=[REGION], now=NOW))

    assert writers.read("ours") == before


@pytest.mark.parametrize(
    ("meanwhile", "we"),
    [
        (lambda w: w.scale("ours", 5), lambda item: scaled(item, 3, now=NOW)),
        (lambda w: w.say("ours", "deleted"), lambda item: told(item, DesiredState.STOPPED, now=NOW)),
        (lambda w: w.change("ours", port=9000), lambda item: with_image(item, "a:v2", now=NOW)),
        (lambda w: w.say("ours", "deleted"), lambda item: with_image(item, "a:v2", now=NOW)),
        (lambda w: w.change("ours", port=9000), lambda item: with_canary(item, "a:2", weight=1, replicas=1, now=NOW)),
        (lambda w: w.retarget("ours", "eu-west-1"), lambda item: with_region(item, "ap-south-1", now=NOW)),
    ],
    ids=["scale", "stop", "image over spec", "image over deletion", "canary over spec", "region over regions"],
)
async def test_what_somebody_changed_meanwhile_is_not_overwritten(
    writer: RecordWriter, writers: Writers, meanwhile: Callable[[Writers], None], we: Callable[[Item], Change]
) -> None:
    writers.create("ours")
    read = await ours(writer)
    meanwhile(writers)
    before = writers.read("ours")

    with pytest.raises(Conflict):
        await writer.change(we(read))

    assert writers.read("ours") == before


async def test_a_status_written_meanwhile_is_no_conflict(writer: RecordWriter, writers: Writers, site: Site) -> None:
    writers.create("ours")
    read = await ours(writer)
    key = {"endpoint_name": "ours"}
    values = {":s": {REGION: {"state": "running"}}}
    site.table.update_item(Key=key, UpdateExpression="SET region_status = :s", ExpressionAttributeValues=values)

    after = await writer.change(scaled(read, 3, now=NOW))

    assert after["region_status"] == values[":s"]


async def test_a_record_that_is_gone_or_made_anew_is_not_changed(
    writer: RecordWriter, writers: Writers, site: Site
) -> None:
    writers.create("ours")
    read = await ours(writer)
    site.table.delete_item(Key={"endpoint_name": "ours"})

    with pytest.raises(Conflict):
        await writer.change(scaled(read, 3, now=NOW))
    assert writers.read("ours") is None

    writers.create("ours")
    with pytest.raises(Conflict):
        await writer.change(scaled(read, 3, now=NOW))


async def test_all_records_are_read_in_the_order_of_their_names(writer: RecordWriter, writers: Writers) -> None:
    for number in (3, 1, 2):
        # Together more than the megabyte that a page has.
        writers.create(f"e{number}", a_spec(env={"LONG": "x" * 390_000}))

    assert [item["endpoint_name"] for item in await writer.all()] == ["e1", "e2", "e3"]
