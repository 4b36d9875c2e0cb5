"""The controller of Deployments: a ReplicaSet for each version, the rollout from one to the next, and what is said of
it.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

import copy
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from gco_stream.sandbox.simulator.hands import Hands, Object, is_leaving, reference_to
from gco_stream.sandbox.simulator.progress import REVISION, tell
from gco_stream.sandbox.simulator.rollouts import of_new, of_old

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_HASH = "pod-template-hash"


class Deployments:
    """Brings out each Deployment's current version."""

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now, and say when there is more."""
        for deployment in hands.store.listed("Deployment"):
            if not is_leaving(deployment):
                due = _bring_out(deployment, hands)
                if due is not None:
                    yield due


def template_hash(template: Object) -> str:
    """Name a version of a pod template; not by the same word as the real controller's."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in hashlib.blake2b(text.encode(), digest_size=10).digest())


def _bring_out(deployment: Object, hands: Hands) -> datetime | None:
    versions = hands.owned("ReplicaSet", deployment)
    name = f"{deployment['metadata']['name']}-{template_hash(deployment['spec']['template'])}"
    new = next((one for one in versions if one["metadata"]["name"] == name), None)
    old = [one for one in versions if one is not new]
    if deployment["spec"].get("paused"):
        return tell(deployment, new, old, hands)
    is_new = new is None
    if new is None:
        if _waits_for_old(deployment, old, hands):
            return tell(deployment, None, old, hands)
        new = hands.create(_replica_set(deployment, versions))
    new, old = _scaled(deployment, new, old, hands)
    _forget(deployment, old, hands)
    return tell(deployment, new, old, hands, is_new=is_new)


def _waits_for_old(deployment: Object, old: Sequence[Object], hands: Hands) -> bool:
    """Take the old version away first where both must not be there at once; whether it still is."""
    if deployment["spec"]["strategy"]["type"] != "Recreate":
        return False
    for one in old:
        if one["spec"]["replicas"]:
            hands.scale(one, 0)
    return any(hands.owned("Pod", one) for one in old)


def _replica_set(deployment: Object, others: Sequence[Object]) -> Object:
    template = copy.deepcopy(deployment["spec"]["template"])
    marked = {_HASH: template_hash(template)}
    template["metadata"]["labels"] = {**template["metadata"].get("labels", {}), **marked}
    selected = {**deployment["spec"]["selector"]["matchLabels"], **marked}
    total = sum(one["spec"]["replicas"] for one in others)
    revision = 1 + max((int(one["metadata"]["annotations"][REVISION]) for one in others), default=0)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{deployment['metadata']['name']}-{marked[_HASH]}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [reference_to(deployment)],
        },
        "spec": {
            "replicas": of_new(deployment, 0, total),
            "selector": {"matchLabels": selected},
            "template": template,
        },
    }


def _scaled(deployment: Object, new: Object, old: list[Object], hands: Hands) -> tuple[Object, list[Object]]:
    """Take one step of the rollout, or follow the number of replicas."""
    total = sum(one["spec"]["replicas"] for one in (new, *old))
    count = of_new(deployment, new["spec"]["replicas"], total)
    if count != new["spec"]["replicas"]:
        return hands.scale(new, count), old
    counts = of_old(deployment, new, old) if deployment["spec"]["strategy"]["type"] != "Recreate" else [0] * len(old)
    return new, [
        one if count == one["spec"]["replicas"] else hands.scale(one, count)
        for one, count in zip(old, counts, strict=True)
    ]


def _forget(deployment: Object, old: Sequence[Object], hands: Hands) -> None:
    """Delete the oldest versions that nothing is left of."""
    empty = [one for one in old if not one["spec"]["replicas"] and not hands.owned("Pod", one)]
    empty.sort(key=lambda one: int(one["metadata"]["annotations"][REVISION]))
    for one in empty[: max(0, len(empty) - deployment["spec"]["revisionHistoryLimit"])]:
        hands.delete(one)
