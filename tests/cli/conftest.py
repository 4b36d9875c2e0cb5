"""A shell at a site, and the known writers beside it."""

import pytest

from tests.cli.commands import Shell, shell_at
from tests.world.site import Site
from tests.writers import Writers


@pytest.fixture
def shell(site: Site) -> Shell:
    return shell_at(site)


@pytest.fixture
def writers(site: Site) -> Writers:
    return Writers(site.table, site.namespace)
