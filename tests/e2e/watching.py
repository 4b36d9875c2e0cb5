"""What can be seen from outside: the table, its history, the cluster, and what the API server was asked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from gco_stream.shell.table_inquiry import INQUIRY
from tests.world import Site, World, eventually
from tests.writers import Writers

_deserializer = TypeDeserializer()


async def reaches(writers: Writers, name: str, state: str, *, deadline: float = 15.0, **facts: Any) -> dict[str, Any]:
    """Wait until an endpoint's status has a state and other facts, and return it."""

    def reached() -> dict[str, Any] | None:
        status = writers.status(name)
        return status if {"state": state, **facts}.items() <= status.items() else None

    return await eventually(reached, deadline, f"{name} {state} {facts}, was {writers.status(name)}")


async def is_promoted(writers: Writers, name: str, deadline: float = 15.0) -> None:
    """Wait until an endpoint's record says ``running``."""
    await eventually(lambda: (writers.read(name) or {}).get("desired_state") == "running", deadline, f"{name} promoted")


async def is_purged(writers: Writers, name: str, deadline: float = 15.0) -> None:
    """Wait until there is no record."""
    await eventually(lambda: writers.read(name) is None, deadline, f"{name} purged")


def history(world: World, site: Site, name: str) -> list[Mapping[str, Any] | None]:
    """Return every version of a record that was ever written, oldest first; None where it was deleted."""
    streams = world.dynamodb.streams
    arn = site.table.latest_stream_arn
    versions: list[Mapping[str, Any] | None] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**start)["ShardIterator"]
        while records := (page := streams.get_records(ShardIterator=iterator))["Records"]:
            changes = [record["dynamodb"] for record in records]
            versions += [_image(c.get("NewImage")) for c in changes if c["Keys"]["endpoint_name"]["S"] == name]
            iterator = page["NextShardIterator"]
    return versions


def _image(attributes: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if attributes is None:
        return None
    return {key: _deserializer.deserialize(value) for key, value in attributes.items()}


def states(versions: Sequence[Mapping[str, Any] | None], region: str = "us-east-1") -> list[str]:
    """Return the states that a region went through, each once in a row."""
    said = [(v or {}).get("region_status", {}).get(region, {}).get("state") for v in versions]
    return [state for i, state in enumerate(said) if state and (i == 0 or said[i - 1] != state)]


def asked(world: World, site: Site, *, agent: str = "gco-stream") -> list[tuple[str, str, str]]:
    """Return (verb, resource, name) of all that a client has asked of a site's namespace, in order."""
    found = []
    for line in world.audited():
        entry = json.loads(line)
        thing = entry.get("objectRef") or {}
        client = entry.get("userAgent", "")
        is_meant = thing.get("namespace") == site.namespace and client.startswith(agent) and client != INQUIRY
        if is_meant and entry["stage"] == "ResponseComplete":
            found.append((entry["verb"], thing["resource"], thing.get("name", "")))
    return found


def changed(world: World, site: Site) -> list[tuple[str, str, str]]:
    """Return what the controller has changed of endpoints in a site's namespace, in order."""
    reading, others = ("get", "list", "watch"), ("leases", "events")
    return [(verb, kind, name) for verb, kind, name in asked(world, site) if verb not in reading and kind not in others]


async def container_of(site: Site, name: str) -> dict[str, Any]:
    """Return the container that an endpoint's Deployment asks for."""
    deployment = await site.kubernetes.get("Deployment", name)
    assert deployment is not None
    container: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return container
