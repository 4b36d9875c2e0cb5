"""The poller's objects as the API server keeps them: with its defaults, all owned by the old client's one entry.

Held to the real API server by ``tests/contracts/test_adoption.py``.
"""

import copy
from datetime import UTC, datetime
from itertools import count
from typing import Any

from gco_stream.core.models import Item, Kind, ObjectKey, Observed
from gco_stream.sandbox.store.requests import Write
from gco_stream.sandbox.store.store import Store
from tests.builders import SCOPE
from tests.cluster_model import place_of
from tests.fakes.cluster import FakeCluster
from tests.poller import MANAGER, Made, objects_of

_LONG_AGO = datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
_numbers = count(1)


def kept(made: Made, *, manager: str = MANAGER) -> dict[str, Any]:
    """One object after the POST."""
    store = Store(now=lambda: _LONG_AGO, new_uid=lambda: f"uid-left-{next(_numbers)}", keep=1)
    store.version = next(_numbers)
    return _posted(store, made, manager)


def _posted(store: Store, made: Made, manager: str) -> dict[str, Any]:
    namespace = made["metadata"].get("namespace", SCOPE.namespace)
    store.objects.setdefault(namespace, {})
    place = place_of(key_of(made), namespace=namespace)
    return copy.deepcopy(store.create(place, made, Write(manager=manager)))


def key_of(live: Made) -> ObjectKey:
    return ObjectKey(Kind(live["kind"]), live["metadata"]["name"])


def left_behind(item: Item) -> Observed:
    """Everything that the poller made for a record, as it is observed."""
    return Observed(objects={key_of(made): kept(made) for made in objects_of(item)})


def leave(cluster: FakeCluster, made: Made) -> dict[str, Any]:
    """Put one object into a cluster in memory, as the poller would have made it there."""
    return _posted(cluster.model.store, made, MANAGER)
