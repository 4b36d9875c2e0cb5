"""What belongs to something that is gone goes, too; and claims are bound."""

from collections.abc import Iterator
from datetime import datetime

from gco_stream.sandbox.simulator.hands import Hands, is_leaving

_OWNED = ("ReplicaSet", "Pod")


class Collector:
    """Deletes the objects whose owners are all gone."""

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now."""
        uids = {live["metadata"]["uid"] for there in hands.store.objects.values() for live in there.values()}
        for kind in _OWNED:
            for live in hands.store.listed(kind):
                owners = live["metadata"].get("ownerReferences") or ()
                if owners and not is_leaving(live) and not any(one["uid"] in uids for one in owners):
                    hands.delete(live)
        yield from ()


class Binder:
    """Binds every claim, as if there were a volume for it."""

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now."""
        for claim in hands.store.listed("PersistentVolumeClaim"):
            if claim["status"].get("phase") == "Pending":
                hands.put_status(claim, {**claim["status"], "phase": "Bound"})
        yield from ()
