"""What is told to somebody who lacks a permission."""

import asyncio

import pytest

from tests.cli.commands import apart, shell_at
from tests.shell.servers import Server
from tests.shell.test_aws import an_error
from tests.world.site import Site
from tests.world.world import World
from tests.writers import Writers

pytestmark = pytest.mark.process

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "REGION": "us-east-1"}


@pytest.mark.parametrize("command", ["endpoint list", "endpoint stop chat", "table describe", "table create"])
async def test_without_rights_on_the_table_it_is_unknown(command: str) -> None:
    async with Server().running() as server:
        server.will(an_error("AccessDeniedException", message="User: u is not authorized to perform: dynamodb:X"))

        ended = await asyncio.to_thread(apart, *command.split(), AWS_ENDPOINT_URL_DYNAMODB=server.url, **KEYS)

    assert ended.code == 3
    assert "is not authorized to perform" in ended.told[0]
    assert "aws sts get-caller-identity" in ended.told[1]


async def test_without_rights_in_the_cluster_it_is_unknown(world: World, site: Site, writers: Writers) -> None:
    writers.create("chat")
    kubeconfig = world.kubeconfig_for(await site.kubernetes.token_of("gco-service-account"))

    ended = await asyncio.to_thread(shell_at(site).apart, "plan", KUBECONFIG=str(kubeconfig))

    assert (ended.code, ended.out) == (3, "")
    assert "forbidden" in ended.told[0]
    assert "k8s/base/role.yaml" in ended.told[1]
