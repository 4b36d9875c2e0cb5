"""Which endpoints were found to be as wanted, so that one of which nothing has changed since is not judged again.

An endpoint that needs nothing needs nothing later either: where time alone could change that, a look is due and the
endpoint is not settled. So the same record beside the same objects gives the same answer.
"""

import hashlib
from collections.abc import Collection

from gco_stream.core.claim import Clash
from gco_stream.core.manifests.ownership import held_by
from gco_stream.core.models import EndpointName, Item, Observed


class Settled:
    """What each settled endpoint looked like: 16 bytes of it."""

    def __init__(self) -> None:
        self._sights: dict[EndpointName, bytes] = {}

    def knows(self, name: EndpointName, sight: bytes | None) -> bool:
        """Whether an endpoint was settled when it looked exactly like this."""
        return sight is not None and self._sights.get(name) == sight

    def note(self, name: EndpointName, sight: bytes | None) -> None:
        """Remember that an endpoint is settled as it looks."""
        if sight is not None:
            self._sights[name] = sight

    def keep_only(self, names: Collection[EndpointName]) -> None:
        """Forget all others."""
        self._sights = {name: sight for name, sight in self._sights.items() if name in names}


def sight_of(item: Item, observed: Observed, clash: Clash | None) -> bytes | None:
    """Name everything that a judgement of an endpoint is made from, but for the time.

    An object is named by its version, since the same version is the same object.

    Returns:
        None while somebody holds the endpoint: then no look is due, whatever time changes.
    """
    if held_by(observed.deployment(EndpointName(item["endpoint_name"]))) is not None:
        return None
    metadata = (live["metadata"] for live in observed.objects.values())
    versions = [(one.get("uid"), one.get("resourceVersion")) for one in metadata]
    return hashlib.blake2b(repr((item, versions, clash)).encode(), digest_size=16).digest()
