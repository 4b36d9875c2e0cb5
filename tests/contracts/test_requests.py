"""The sandbox's API server answers request by request as a real one does."""

from typing import Any

import pytest

from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.schema import schema_of
from tests.contracts.conversations import Conversation, Story, masked
from tests.contracts.reading_stories import STORIES
from tests.contracts.schemas import compact
from tests.sandboxes import a_sandbox
from tests.world import Site, World


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_both_answer_the_same(site: Site, story: Story) -> None:
    real = Conversation(site.kubernetes.session, site.namespace)
    await story(real)

    async with a_sandbox(namespace=site.namespace) as (_, kubernetes):
        ours = Conversation(kubernetes.session, site.namespace)
        await story(ours)

    for asked, (answer, expected) in enumerate(zip(masked(ours), masked(real), strict=True)):
        assert answer == expected, f"answer {asked}"


async def test_the_schema_is_that_of_the_real_server(world: World) -> None:
    published: dict[str, Any] = await world.kubernetes.request("GET", "/openapi/v2")

    assert compact(published["definitions"], [*RESOURCES, "Scale"]) == schema_of()
