"""The controller of ReplicaSets: as many pods as are wanted."""

import copy
from collections.abc import Iterator
from datetime import datetime

from gco_stream.sandbox.simulator.hands import Hands, Object, condition, is_leaving, reference_to


class ReplicaSets:
    """Makes and takes away pods, and counts them."""

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now."""
        for replica_set in hands.store.listed("ReplicaSet"):
            if not is_leaving(replica_set):
                _fill(replica_set, hands)
                _count(replica_set, hands)
        yield from ()


def is_ready(pod: Object) -> bool:
    """Whether a pod is ready."""
    return bool(condition(pod, "Ready").get("status") == "True")


def _fill(replica_set: Object, hands: Hands) -> None:
    wanted = replica_set["spec"].get("replicas", 1)
    there = _active(hands.owned("Pod", replica_set))
    if _refusal(replica_set, hands) is None:
        for _ in range(wanted - len(there)):
            hands.create(_pod(replica_set))
    # Those go first that serve least: without a node, not ready, the newest.
    ordered = sorted(there, key=lambda pod: (bool(pod["spec"].get("nodeName")), is_ready(pod), _age(pod)))
    for pod in ordered[: max(0, len(there) - wanted)]:
        hands.delete(pod)


def _refusal(replica_set: Object, hands: Hands) -> str | None:
    """Say why its pods cannot be made; None if they can."""
    namespace = replica_set["metadata"]["namespace"]
    account = replica_set["spec"]["template"]["spec"].get("serviceAccountName", "default")
    if account == "default" or ("ServiceAccount", account) in hands.store.objects[namespace]:
        return None
    why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    return f'pods "{replica_set["metadata"]["name"]}-" is forbidden: {why}'


def _failure(replica_set: Object, hands: Hands) -> Object | None:
    why = _refusal(replica_set, hands)
    if why is None or not replica_set["spec"].get("replicas", 1):
        return None
    before = condition(replica_set, "ReplicaFailure")
    since = before.get("lastTransitionTime", hands.time)
    said = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": why}
    return {**said, "lastTransitionTime": since}


def _age(pod: Object) -> int:
    return -int(pod["metadata"]["resourceVersion"])


def _active(pods: list[Object]) -> list[Object]:
    return [pod for pod in pods if not is_leaving(pod) and pod["status"].get("phase") not in ("Failed", "Succeeded")]


def _pod(replica_set: Object) -> Object:
    template = copy.deepcopy(replica_set["spec"]["template"])
    metadata = {
        **template["metadata"],
        "generateName": f"{replica_set['metadata']['name']}-",
        "namespace": replica_set["metadata"]["namespace"],
        "ownerReferences": [reference_to(replica_set)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _count(replica_set: Object, hands: Hands) -> None:
    pods = hands.owned("Pod", replica_set)
    there = _active(pods)
    ready = sum(is_ready(pod) for pod in there)
    counters = {"fullyLabeledReplicas": len(there), "readyReplicas": ready, "availableReplicas": ready}
    hands.put_status(
        hands.store.objects[replica_set["metadata"]["namespace"]]["ReplicaSet", replica_set["metadata"]["name"]],
        {
            "replicas": len(there),
            **{field: number for field, number in counters.items() if number},
            "terminatingReplicas": sum(is_leaving(pod) for pod in pods),
            "observedGeneration": replica_set["metadata"]["generation"],
            **({"conditions": [failure]} if (failure := _failure(replica_set, hands)) else {}),
        },
    )
