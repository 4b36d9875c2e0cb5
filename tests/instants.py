"""Every set of Ingresses and Services that ever existed together, from the API server's audit log.

Changes are put in the order of the versions that the server gave them. It gives none to an Ingress that is gone: that
one leaves at the end of its deletion, as whoever asked for it could not know earlier, unless somebody looked and did
not find it before: who asked may have been killed, and its successor reads what has been done.

A write whose asker is cut off, or killed, is answered with an error, and may have been done all the same. What shows
that is what somebody found later, or did not find any more.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.load_balancer import LoadBalancer, platform

OURS = "gco-stream"
_TIDIES_UP = "namespace-controller"
_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_KINDS = {"ingresses": "Ingress", "services": "Service"}
_LAST = "zzz"
"""A namespace behind that of every site, where the platform's own Ingress is."""

Key = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One change that the API server has made, or what it answered to a look.

    Attributes:
        began: When it was asked for; times compare as the strings that they are.
        ended: When it was answered.
        version: Its place among all changes, or None where an object went without one.
        after: The object as it then was, or None where it was gone.
    """

    namespace: str
    key: Key
    verb: str
    agent: str
    began: str
    ended: str
    version: int | None
    uid: str
    after: dict[str, Any] | None

    @property
    def name(self) -> str:
        return " ".join(self.key)

    def __str__(self) -> str:
        return f"{self.agent} {self.verb} {self.name} at {self.ended}"


def writes(lines: Iterable[str]) -> Iterator[Write]:
    """Read the changes of Ingresses and Services from an audit log: what was done, then what only looks have shown."""
    by_outcome: dict[str, list[Write]] = defaultdict(list)
    for entry, thing in _entries(lines):
        by_outcome[_outcome(entry)].append(_write(entry, thing))
    missed: dict[tuple[str, Key], list[Write]] = defaultdict(list)
    for look in by_outcome["missed"]:
        missed[look.namespace, look.key].append(look)
    # What is shown in another form than as an object, as to kubectl, has no version.
    known = {None, *(write.version for write in by_outcome["done"])}
    found = {look.version: look for look in reversed(by_outcome["found"]) if look.version not in known}
    for write in (*by_outcome["done"], *found.values()):
        yield _as_seen(write, missed[write.namespace, write.key])
    for write in by_outcome["unheard"]:
        looks = [look.ended for look in missed[write.namespace, write.key] if write.began <= look.began]
        if looks:
            yield replace(write, ended=min(looks))


def _outcome(entry: dict[str, Any]) -> str:
    verb, code = entry["verb"], entry["responseStatus"].get("code", 0)
    if code < 400:
        return "found" if verb == "get" else "done"
    if verb == "delete" and code >= 500:
        return "unheard"
    return "missed" if verb in ("get", "delete") and code == 404 else "refused"


def _entries(lines: Iterable[str]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Read what was answered about Ingresses and Services, along with what it was about."""
    for line in lines:
        entry = json.loads(line)
        thing = entry.get("objectRef") or {}
        is_about = thing.get("resource") in _KINDS and entry["verb"] in ("get", *_WRITES)
        # A namespace is emptied in no order that matters: nothing of it is served any more.
        is_left_out = "dryRun=" in entry["requestURI"] or _TIDIES_UP in entry.get("userAgent", "")
        if is_about and not is_left_out and entry["stage"] == "ResponseComplete":
            yield entry, thing


def _as_seen(write: Write, missed: Iterable[Write]) -> Write:
    """End a deletion when somebody did not find the object any more, if that was before it was answered."""
    if write.version is not None:
        return write
    ends = [look.ended for look in missed if write.began <= look.began and look.ended < write.ended]
    return replace(write, ended=min(ends, default=write.ended))


def _write(entry: dict[str, Any], thing: dict[str, Any]) -> Write:
    answer = entry["responseObject"]
    metadata = answer.get("metadata") or {}
    is_object = answer.get("kind") == _KINDS[thing["resource"]]
    assert entry["verb"] != "deletecollection", f"several at once, in no known order: {entry['requestURI']}"
    is_last = not metadata.get("finalizers") and (entry["verb"] == "delete" or metadata.get("deletionTimestamp"))
    return Write(
        namespace=thing["namespace"],
        key=(_KINDS[thing["resource"]], thing.get("name") or metadata["name"]),
        verb=entry["verb"],
        agent=entry.get("userAgent", ""),
        began=entry["requestReceivedTimestamp"],
        ended=entry["stageTimestamp"],
        version=int(metadata["resourceVersion"]) if is_object else None,
        uid=metadata["uid"] if is_object else _uid_of_the_deleted(entry),
        after=None if is_last else answer,
    )


def _uid_of_the_deleted(entry: dict[str, Any]) -> str:
    asked = (entry.get("requestObject") or {}).get("preconditions") or {}
    uid: str = (entry["responseObject"].get("details") or {}).get("uid") or asked.get("uid", "")
    return uid


def in_order(found: Iterable[Write]) -> Iterator[Write]:
    """Put changes in the order in which they were made."""
    everything = list(found)
    gone = sorted((write for write in everything if write.version is None), key=lambda write: write.ended)
    for write in sorted(everything, key=lambda write: (write.version or 0, write.ended)):
        if write.version is None:
            continue
        while gone and gone[0].ended < write.began:
            yield gone.pop(0)
        yield write
    yield from gone


@dataclass(slots=True)
class Group:
    """What is there in one namespace, and the load balancer that serves it along with the platform's own."""

    balancer: LoadBalancer
    there: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def after(self, write: Write) -> list[str]:
        """Make a change, and say what is wrong then."""
        if write.after is not None:
            self.there[write.key] = write.after
        elif write.key in self.there and self.there[write.key]["metadata"]["uid"] == write.uid:
            del self.there[write.key]
        ingress, service = platform(_LAST)
        ingresses = [live for (kind, _), live in self.there.items() if kind == "Ingress"]
        services = [live for (kind, _), live in self.there.items() if kind == "Service"]
        return self.balancer.show([*ingresses, ingress], [*services, service])


def wrong_instants(found: Iterable[Write], *, by_hand: Collection[str] = ()) -> list[str]:
    """Say what was wrong with a load balancer's group at any instant, each thing once, with what led to it.

    Args:
        by_hand: Objects, such as ``Service llama``, that somebody else than the controller changes on purpose: they
            are taken to be as the controller has left them. Each must really have been changed by another.
    """
    groups: dict[str, Group] = {}
    told: dict[str, str] = {}
    hand = Hand(by_hand)
    for write in in_order(found):
        if hand.leaves(write):
            group = groups.setdefault(write.namespace, Group(LoadBalancer(own_namespace=write.namespace)))
            for problem in group.after(write):
                told.setdefault(problem, f"{problem} (after {write})")
    return [*told.values(), *hand.unneeded()]


class Hand:
    """Somebody who spoils some objects on purpose.

    What the controller writes is its own again, unless it writes no more than whose the fields are.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._spoiled: dict[tuple[str, Key], dict[str, Any] | None] = {}
        self._seen: set[str] = set()

    def leaves(self, write: Write) -> bool:
        """Whether this change counts."""
        if write.name not in self._names:
            return True
        place = (write.namespace, write.key)
        if not write.agent.startswith(OURS):
            self._seen.add(write.name)
            self._spoiled[place] = write.after
            return False
        spoiled = self._spoiled.get(place)
        if spoiled is not None and write.after is not None and _content(spoiled) == _content(write.after):
            return False
        self._spoiled.pop(place, None)
        return True

    def unneeded(self) -> list[str]:
        """Say which names have excused nothing."""
        return [f"nobody but the controller has changed {name}" for name in self._names if name not in self._seen]


def _content(live: dict[str, Any]) -> tuple[Any, Any]:
    return live["spec"], live["metadata"].get("annotations")
