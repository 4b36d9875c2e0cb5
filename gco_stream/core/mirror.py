"""What the watch has shown: the latest projection of each object.

It answers without a request whether an endpoint is as it should be. Whatever it cannot answer, or anything that is to
be changed, is read from the API server itself.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from gco_stream.core.gone import is_left_behind
from gco_stream.core.manifests.ownership import ENDPOINT, held_by
from gco_stream.core.models import CANARY_SUFFIX, EndpointName, Kind, Manifest, ObjectKey, Observed, object_keys
from gco_stream.core.projection import is_somebody_elses
from gco_stream.core.route import target_groups_of

_INGRESS_PREFIX = "inference-"
# A list under way may still show what a watch has already seen go; it takes seconds at most.
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Listed:
    """Everything of one kind that there is, as of a version."""

    projections: tuple[Manifest, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One object as it now is."""

    projection: Manifest


@dataclass(frozen=True, slots=True)
class Vanished:
    """One object that is gone, as it was last."""

    projection: Manifest


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything up to this version has been shown."""

    version: str


WatchEvent = Listed | Shown | Vanished | Reached


class Mirror:
    """The projections of one namespace's objects, by kind and name."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, Manifest] = {}
        self._listed: dict[Kind, int] = {}
        self._reached: dict[Kind, int] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._doubted: set[Kind] = set()

    def has_listed(self, kind: Kind) -> bool:
        """Whether a kind has been listed once, so that what is not here is not there."""
        return kind in self._listed

    def is_followed(self, kind: Kind) -> bool:
        """Whether all that is known of a kind is as of a moment ago."""
        return self.has_listed(kind) and kind not in self._doubted

    def sees_all(self) -> bool:
        """Whether what is not here is not there, of any kind, as of a moment ago."""
        return all(self.is_followed(kind) for kind in Kind)

    def doubt(self, kind: Kind) -> None:
        """Remember that the watch on a kind broke off, until something comes of it again."""
        self._doubted.add(kind)

    def observed(self, name: EndpointName) -> Observed:
        """Return what is known of one endpoint's objects."""
        keys = object_keys(name)
        return Observed(objects={key: self._objects[key] for key in keys if key in self._objects})

    def reached(self, kind: Kind) -> int:
        """Return the highest version that is known of; a list that is asked for from now on is not older than that."""
        return self._reached.get(kind, 0)

    def count(self, kind: Kind) -> int:
        """Count the objects of a kind."""
        return sum(key.kind is kind for key in self._objects)

    def target_groups(self) -> int:
        """Count the target groups that all published endpoints take on the load balancer."""
        ingresses = (shown for key, shown in self._objects.items() if key.kind is Kind.INGRESS)
        return sum(target_groups_of(shown) for shown in ingresses if not is_somebody_elses(shown))

    def standing(self) -> frozenset[EndpointName]:
        """Return every endpoint that has objects of ours here which are not leaving, and that nobody holds."""
        names: set[EndpointName] = set()
        for key, projection in self._objects.items():
            name = (projection["metadata"].get("labels") or {}).get(ENDPOINT)
            if name is not None and name not in names and is_left_behind(key, projection, name):
                names.add(EndpointName(name))
        return frozenset(name for name in names if held_by(self._objects.get(ObjectKey(Kind.DEPLOYMENT, name))) is None)

    def take(self, kind: Kind, event: WatchEvent, *, after: int = 0) -> frozenset[EndpointName]:
        """Take what a watch showed, and return the endpoints that it is news of.

        The very first list of a kind is news of nobody: whatever is there is compared with the records anyway.

        Args:
            kind: What it showed objects of.
            event: What it showed.
            after: What had been reached when the watch was asked for.
        """
        self._doubted.discard(kind)
        match event:
            case Listed(projections, version):
                is_first = not self.has_listed(kind)
                news = self._list_anew(kind, projections, int(version), after)
                return frozenset() if is_first else news
            case Shown(projection):
                key = _key(kind, projection)
                return endpoints_of(key, projection) if self._show(key, projection) else frozenset()
            case Vanished(projection):
                key = _key(kind, projection)
                return endpoints_of(key, projection) if self._drop(key, projection) else frozenset()
            case Reached(version):
                self._reach(kind, int(version))
                return frozenset()
            case _:
                assert_never(event)

    def note(self, key: ObjectKey, projection: Manifest) -> None:
        """Take an object as the API server answered our own write, which is then no news when the watch shows it."""
        self._show(key, projection)

    def _list_anew(
        self, kind: Kind, projections: tuple[Manifest, ...], version: int, after: int
    ) -> frozenset[EndpointName]:
        """Take a list, which speaks of one moment: what is known to be newer than that stays.

        Of two lists that were under way at once the older may be complete last, and says nothing any more. But what was
        known before a list was asked for never outlives it: where that has the higher version, the server's history
        went back, as it does when its database is restored from a backup.
        """
        if after < self._listed.get(kind, 0) > version:
            return frozenset()
        self._listed[kind] = version
        if version < after:
            self._reached[kind] = version
            self._gone.clear()
        self._reach(kind, version)
        listed = {_key(kind, projection): projection for projection in projections}
        missing = (key for key in self._objects if key.kind is kind and key not in listed)
        vanished = {key for key in missing if version_of(self._objects[key]) <= max(version, after)}
        news = {key: self._objects.pop(key) for key in vanished}
        news |= {key: projection for key, projection in listed.items() if self._keep(key, projection, after)}
        return frozenset(name for key, projection in news.items() for name in endpoints_of(key, projection))

    def _reach(self, kind: Kind, version: int) -> None:
        self._reached[kind] = max(version, self._reached.get(kind, 0))

    def _drop(self, key: ObjectKey, projection: Manifest) -> bool:
        """Forget an object that is gone, unless it, or another of the same name, has been seen since."""
        uid, version = projection["metadata"]["uid"], version_of(projection)
        self._reach(key.kind, version)
        self._gone[uid] = version
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        known = self._objects.get(key)
        if known is None or known["metadata"]["uid"] != uid or version_of(known) > version:
            return False
        del self._objects[key]
        return True

    def _show(self, key: ObjectKey, projection: Manifest) -> bool:
        """Take one object; what a list no longer had is not brought back by a watch that lags behind it."""
        self._reach(key.kind, version_of(projection))
        is_late = key not in self._objects and version_of(projection) <= self._listed.get(key.kind, -1)
        return not is_late and self._keep(key, projection)

    def _keep(self, key: ObjectKey, projection: Manifest, after: int = 0) -> bool:
        """Keep a projection unless a newer one or its end is known; say whether more than its version differs.

        What was known up to ``after`` counts as older, whatever its version.
        """
        known = self._objects.get(key)
        ended = self._gone.get(projection["metadata"]["uid"], -1)
        newest = max(ended, -1 if known is None else version_of(known))
        if version_of(projection) <= newest and newest > after:
            return False
        self._gone.pop(projection["metadata"]["uid"], None)
        self._objects[key] = projection
        return known is None or _substance(known) != _substance(projection)


def version_of(manifest: Manifest) -> int:
    """Return an object's version as the number that it is.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
    """
    return int(manifest["metadata"].get("resourceVersion") or 0)


def _substance(projection: Manifest) -> Mapping[str, Any]:
    metadata = {field: value for field, value in projection["metadata"].items() if field != "resourceVersion"}
    return {**projection, "metadata": metadata}


def _key(kind: Kind, projection: Manifest) -> ObjectKey:
    return ObjectKey(kind, projection["metadata"]["name"])


def endpoints_of(key: ObjectKey, projection: Manifest) -> frozenset[EndpointName]:
    """Return the endpoints that an object concerns: the one whose mark it bears, and else those of its name.

    What is called ``x-canary`` may be the canary of ``x``, or an endpoint by itself.
    """
    name = key.name.removeprefix(_INGRESS_PREFIX) if key.kind is Kind.INGRESS else key.name
    marked = (projection["metadata"].get("labels") or {}).get(ENDPOINT)
    may_be_canarys = key.kind in (Kind.DEPLOYMENT, Kind.SERVICE) and name.endswith(CANARY_SUFFIX)
    of_canary = {name.removesuffix(CANARY_SUFFIX)} if may_be_canarys and marked is None else set()
    return frozenset(EndpointName(one) for one in {marked or name, *of_canary})
