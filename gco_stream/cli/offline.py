"""A cluster that has nothing, for plans without one."""

from collections.abc import AsyncGenerator, Collection
from typing import NoReturn

from gco_stream.core.mirror import WatchEvent
from gco_stream.core.models import Action, EndpointName, Kind, Manifest, ObjectKey, Observed
from gco_stream.core.room import TargetGroups
from gco_stream.errors import Denied


class EmptyCluster:
    """The ``Cluster`` port where there is nothing and nothing can be made."""

    async def observe(
        self, name: EndpointName, *, with_pods: bool, keys: Collection[ObjectKey] | None = None
    ) -> Observed:
        """See nothing."""
        return Observed(pods=() if with_pods else None)

    async def pods(self, name: EndpointName) -> tuple[Manifest, ...]:
        """See no pods."""
        return ()

    async def count_target_groups(self) -> TargetGroups:
        """Count none."""
        return {}

    def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """Refuse."""
        self._refuse()

    async def carry_out(self, action: Action) -> Manifest | None:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Denied("there is no cluster")
