"""The API server's objects, and what its verbs do to them: in memory, without a loop or a network.

It is held to a real API server by ``tests/contracts/test_requests.py``, request by request.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from gco_stream.sandbox.store.admission import admitted, intent_of, object_of
from gco_stream.sandbox.store.apply import applied
from gco_stream.sandbox.store.errors import (
    Unreadable,
    already_exists,
    internal,
    invalid,
    invalid_patch,
    not_found,
    required,
    unreadable_patch,
)
from gco_stream.sandbox.store.history import Change, History
from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.metadata import (
    check_absent,
    check_versions,
    count_generation,
    is_same,
    set_identity,
    written_time,
)
from gco_stream.sandbox.store.owners import Entry, after_update, an_entry, entries_of, written
from gco_stream.sandbox.store.patches import BadPatch, json_patched, merge_patched
from gco_stream.sandbox.store.requests import Deletion, Place, Write, check_preconditions, grace_of, is_over
from gco_stream.sandbox.store.states import furnish, keep_given, laid_over, part_of
from gco_stream.sandbox.store.values import copied

Object = dict[str, Any]
Key = tuple[str, str]

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Store:
    """Objects, and their history.

    Whoever reads an object must not change it: it is the one that is stored.

    Attributes:
        objects: Those of each namespace, by kind and name; those of no namespace under the empty name.
        history: What a watch tells.
        listeners: Called after each change.
    """

    def __init__(
        self, *, now: Callable[[], datetime], new_uid: Callable[[], str] = lambda: str(uuid4()), keep: int = 10_000
    ) -> None:
        self.objects: dict[str, dict[Key, Object]] = {"": {}}
        self.history = History(keep=keep)
        self.listeners: list[Callable[[], None]] = []
        self.version = 1
        self._now = now
        self._new_uid = new_uid
        self._addresses = 0

    def get(self, place: Place) -> Object:
        """Read one object.

        Raises:
            ApiError: 404, there is none.
        """
        found = self.find(place)
        if found is None:
            raise not_found(place.resource, place.name)
        return found

    def find(self, place: Place) -> Object | None:
        """Read one object; None if there is none."""
        return self.objects.get(place.namespace, {}).get(place.key)

    def listed(self, kind: str, namespace: str | None = None) -> list[Object]:
        """List the objects of a kind by namespace and name; in all namespaces if none is given."""
        places = sorted(self.objects) if namespace is None else [namespace]
        there = (self.objects.get(place, {}) for place in places)
        return [some[key] for some in there for key in sorted(some) if key[0] == kind]

    def create(self, place: Place, body: Any, write: Write) -> Object:
        """Make an object, as a POST does; without a name it is given one after its ``generateName``.

        Raises:
            ApiError: There is one already, there is no such namespace, or it is not valid.
        """
        place = self._named(place, body)
        self._check_namespace(place)
        after = object_of(place, body)
        if after["metadata"].get("resourceVersion"):
            raise internal("resourceVersion should not be set on objects to be created")
        if self.find(place) is not None:
            raise already_exists(place.resource, place.name)
        if place.resource.has_status:
            after.pop("status", None)
        return self._written(place, None, after, write)

    def apply(self, place: Place, body: Any, write: Write) -> tuple[Object, bool]:
        """Apply an intent, and return the object as it then is, and whether it was made by that.

        Raises:
            ApiError: The intent is none for this object, other managers own what it would change, or it is not valid.
        """
        self._check_namespace(place)
        live = self.find(place)
        intent = part_of(intent_of(place, body, live), place.resource, write.subresource)
        mine = self._entry(place, write, "Apply")
        after, entries = applied(live, intent, place.resource.schema, mine, force=write.force)
        after["metadata"].pop("managedFields", None)
        whole = self._admitted(place, live, after, said=intent["metadata"].get("namespace", ""))
        return self._finished(place, live, whole, entries, write), live is None

    def update(self, place: Place, body: Any, write: Write) -> tuple[Object, bool]:
        """Replace an object, as a PUT does, or its status; return it, and whether it was made by that.

        Raises:
            ApiError: There is none, it has changed meanwhile, or it is not valid.
        """
        live = self.find(place)
        if live is None and place.resource.is_made_by_update:
            self._check_namespace(place)
            check_absent(place, body)
            return self.create(place, body, write), True
        return self._updated(place, self.get(place), body, write), False

    def _updated(self, place: Place, live: Object, body: Any, write: Write) -> Object:
        after = object_of(place, body)
        check_versions(place, after, live)
        return self._written(place, live, laid_over(live, after, place.resource, write.subresource), write)

    def patch(self, place: Place, patch: Any, write: Write) -> Object:
        """Change an object by a JSON patch, which is a list, or by a merge patch.

        Raises:
            ApiError: There is none, it has changed meanwhile, the patch does not fit, or it is not valid any more.
        """
        live = self.get(place)
        try:
            after = json_patched(live, patch) if isinstance(patch, list) else merge_patched(live, patch)
        except BadPatch as error:
            raise invalid_patch() from error
        try:
            return self._updated(place, live, after, write)
        except Unreadable as error:
            raise unreadable_patch(after, error.why) from error

    def scale(self, place: Place, replicas: int, write: Write) -> Object:
        """Set the replicas of a Deployment, as an autoscaler and ``kubectl scale`` do.

        Raises:
            ApiError: There is none.
        """
        live = self.get(place)
        after = {**copied(live), "spec": {**copied(live["spec"]), "replicas": replicas}}
        return self._written(place, live, after, replace(write, subresource="scale"))

    def delete(self, place: Place, deletion: Deletion) -> Object:
        """Delete an object, and return it as it was last.

        One with finalizers, and a pod on a node, is only marked and goes later: it has a ``deletionTimestamp`` then.

        Raises:
            ApiError: There is none, or it is not the one that is meant.
        """
        live = self.get(place)
        check_preconditions(place, live, deletion)
        grace = grace_of(live, deletion)
        if not live["metadata"].get("finalizers") and not grace:
            version = self._remove(place, live)
            return {**live, "metadata": {**live["metadata"], "resourceVersion": version}}
        if live["metadata"].get("deletionTimestamp") is not None:
            return live
        after = copied(live)
        marked = {"deletionTimestamp": written_time(self._now()), "deletionGracePeriodSeconds": grace}
        after["metadata"] |= marked
        if place.resource.has_generation:
            after["metadata"]["generation"] = live["metadata"].get("generation", 0) + 1
        return self._store(place, live, after)

    def next_version(self) -> int:
        """Return a version above all that were given out."""
        self.version += 1
        return self.version

    def _named(self, place: Place, body: Any) -> Place:
        metadata = (body.get("metadata") or {}) if isinstance(body, dict) else {}
        name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
        if not name and not prefix:
            causes = [required("metadata.name", "name or generateName is required")]
            raise invalid(place.resource, "", causes)
        if not name:
            digits = self._new_uid().replace("-", "")
            name = prefix + "".join(_LETTERS[int(digits[at : at + 2], 16) % len(_LETTERS)] for at in range(0, 10, 2))
        return replace(place, name=name)

    def _check_namespace(self, place: Place) -> None:
        if place.namespace not in self.objects:
            raise not_found(RESOURCES["Namespace"], place.namespace)

    def _written(self, place: Place, live: Object | None, after: Object, write: Write) -> Object:
        """Finish a write that is no apply: who wrote what is found by comparison."""
        said = after["metadata"].pop("managedFields", None)
        entries = () if said == [{}] else entries_of({"metadata": {"managedFields": said}}) or entries_of(live)
        whole = self._admitted(place, live, after, said=None)
        mine = self._entry(place, write, "Update")
        entries = after_update(live, whole, place.resource.schema, mine, entries)
        return self._finished(place, live, whole, entries, write)

    def _admitted(self, place: Place, live: Object | None, after: Object, *, said: str | None) -> Object:
        set_identity(place, after, live, uid=self._new_uid() if live is None else "", now=written_time(self._now()))
        return admitted(place, after, live, said=said)

    def _finished(
        self, place: Place, live: Object | None, whole: Object, entries: Iterable[Entry], write: Write
    ) -> Object:
        whole["metadata"] |= {"managedFields": owners} if (owners := written(entries)) else {}
        if live is None:
            self._furnish(whole)
        keep_given(whole, live)
        if not write.subresource or write.subresource == "scale":
            count_generation(place, whole, live)
        if live is not None and is_same(live, whole):
            return live
        return whole if write.is_dry_run else self._store(place, live, whole)

    def _furnish(self, made: Object) -> None:
        """Give a new object what only the server can give: an address, a first status."""
        if made["kind"] == "Service" and "clusterIP" not in made["spec"]:
            self._addresses += 1
            high, low = divmod(self._addresses, 254)
            made["spec"] |= {"clusterIP": f"10.96.{high % 256}.{low + 1}"}
        if made["kind"] == "Namespace":
            made["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = made["metadata"]["name"]
        furnish(made)

    def _store(self, place: Place, live: Object | None, after: Object) -> Object:
        if is_over(after):
            self._remove(place, live or after)
            return after
        version = self.next_version()
        after["metadata"]["resourceVersion"] = str(version)
        self.objects[place.namespace][place.key] = after
        if after["kind"] == "Namespace":
            self.objects.setdefault(place.name, {})
        self._tell(place, version, live, after)
        return after

    def _remove(self, place: Place, live: Object) -> str:
        del self.objects[place.namespace][place.key]
        version = self.next_version()
        self._tell(place, version, live, None)
        return str(version)

    def _tell(self, place: Place, version: int, before: Object | None, after: Object | None) -> None:
        kind, namespace = place.resource.kind, place.namespace
        self.history.add(Change(version=version, kind=kind, namespace=namespace, before=before, after=after))
        for listener in self.listeners:
            listener()

    def _entry(self, place: Place, write: Write, operation: str) -> Entry:
        time = written_time(self._now())
        version = place.resource.api_version
        return an_entry(write.manager, operation, version, subresource=write.subresource, time=time)
