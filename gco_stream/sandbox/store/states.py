"""What belongs to which part of an object: what is wanted, what is, and what the server gives once and for all."""

from typing import Any

from gco_stream.sandbox.store.kinds import Resource
from gco_stream.sandbox.store.values import copied

Object = dict[str, Any]

_GIVEN = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
_FIRST_STATUS: dict[str, Object] = {
    "Deployment": {},
    "ReplicaSet": {"replicas": 0},
    "Pod": {"phase": "Pending"},
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
    "HorizontalPodAutoscaler": {"desiredReplicas": 0},
    "Namespace": {"phase": "Active"},
    "PersistentVolumeClaim": {"phase": "Pending"},
}


def furnish(made: Object) -> None:
    """Give a new object its first status, and the rest of its addresses, in place."""
    if made["kind"] in _FIRST_STATUS:
        made["status"] = copied(_FIRST_STATUS[made["kind"]])
    if made["kind"] == "Event":
        made |= {"deprecatedFirstTimestamp": None, "deprecatedLastTimestamp": None, "deprecatedSource": {}}
    if made["kind"] == "Service":
        address = made["spec"].get("clusterIP")
        made["spec"] |= {"clusterIPs": [address], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}


def keep_given(after: Object, live: Object | None) -> None:
    """Keep what the server gave when the object was made, in place: who replaces it need not repeat it."""
    if live is not None and after["kind"] == "Service":
        given = {field: live["spec"][field] for field in _GIVEN if field in live["spec"]}
        after["spec"] = given | after["spec"]


def part_of(intent: Object, resource: Resource, subresource: str) -> Object:
    """Return the part of an intent that can be applied there: everything but the status, or only that."""
    if not resource.has_status:
        return intent
    if subresource == "status":
        return {field: intent[field] for field in ("apiVersion", "kind", "status") if field in intent} | {
            "metadata": {"name": intent["metadata"].get("name")}
        }
    return {field: value for field, value in intent.items() if field != "status"}


def laid_over(live: Object, after: Object, resource: Resource, subresource: str) -> Object:
    """Return the object after an update of the one part, with the other part as it was."""
    if not resource.has_status:
        return after
    if subresource == "status":
        wanted = {"spec": copied(live["spec"])} if "spec" in live else {}
        return {**after, **wanted, "status": after.get("status") or {}}
    kept = {"status": copied(live["status"])} if "status" in live else {}
    return {**{field: value for field, value in after.items() if field != "status"}, **kept}
