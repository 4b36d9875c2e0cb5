"""Gateways between a controller and its world."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.gateway import Gateway, gateway_before
from tests.world import Site, World


@dataclass(frozen=True)
class Gateways:
    """Gateways before the API server and DynamoDB.

    Attributes:
        environment: What leads a controller through them.
    """

    kubernetes: Gateway
    dynamodb: Gateway
    environment: Mapping[str, str]


@asynccontextmanager
async def gateways_before(world: World, site: Site, folder: Path) -> AsyncIterator[Gateways]:
    """Put gateways before a site's controller."""
    trusted = ssl.create_default_context(cafile=str(world.control_plane.certificate))
    async with (
        gateway_before(world.control_plane.server, tls=trusted) as (kubernetes, kubernetes_url),
        gateway_before(world.dynamodb.endpoint) as (dynamodb, dynamodb_url),
    ):
        config = yaml.safe_load(Path(site.environment["KUBECONFIG"]).read_text())
        config["clusters"][0]["cluster"] = {"server": kubernetes_url}
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        services = dict.fromkeys(("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS"), dynamodb_url)
        yield Gateways(kubernetes, dynamodb, {"KUBECONFIG": str(path), **services})
