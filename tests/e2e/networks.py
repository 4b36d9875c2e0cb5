"""The network between a controller and its world, which a test can spoil."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.proxy import Proxy, proxied, proxy_before
from tests.world import Site, World

MOST_A_SECOND = 100
"""Pieces sent, and connections asked for, while nothing comes through and nothing new is wished of ten endpoints."""


@dataclass(frozen=True)
class Network:
    """Proxies before the API server and DynamoDB.

    Attributes:
        environment: What leads a controller through them.
    """

    kubernetes: Proxy
    dynamodb: Proxy
    environment: Mapping[str, str]

    def asked(self) -> int:
        """Return how much was sent, or tried to be, so far."""
        return sum(proxy.sent + proxy.tried for proxy in (self.kubernetes, self.dynamodb))

    async def stays_calm(self, seconds: float) -> None:
        """Let a fault last, and see that nothing turns in circles meanwhile."""
        before = self.asked()
        await asyncio.sleep(seconds)
        assert self.asked() - before <= MOST_A_SECOND * seconds


@asynccontextmanager
async def network_before(world: World, site: Site, folder: Path) -> AsyncIterator[Network]:
    """Put a network before a site's controller."""
    own = Path(site.environment["KUBECONFIG"])
    async with proxied(own, folder) as (kubernetes, path), proxy_before(world.dynamodb.endpoint) as (dynamodb, url):
        services = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS")
        yield Network(kubernetes, dynamodb, {"KUBECONFIG": str(path), **dict.fromkeys(services, url)})
