"""The poller's objects as the API server keeps them: with its defaults, all owned by the old client's one entry.

Held to the real API server by ``tests/contracts/test_adoption.py``.
"""

import copy
from itertools import count
from typing import Any

from gco_stream.core.models import Item, Kind, ObjectKey, Observed
from tests.fakes.cluster import FakeCluster
from tests.poller import MANAGER, Made, objects_of
from tests.server_side_apply import fields_v1

_POD = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "serviceAccount": "gco-service-account",
    "terminationGracePeriodSeconds": 30,
}
_MESSAGES = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_PROBE = {"timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
_ROLLOUT = {
    "progressDeadlineSeconds": 600,
    "revisionHistoryLimit": 10,
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
}
_SERVICE = {"internalTrafficPolicy": "Cluster", "sessionAffinity": "None"}
_ADDRESSES = {"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ipFamilies": ["IPv4"]}

_numbers = count(1)


def kept(made: Made, *, manager: str = MANAGER) -> dict[str, Any]:
    """One object after the POST."""
    live = copy.deepcopy(made)
    if live["kind"] == "Deployment":
        _default_deployment(live["spec"])
    if live["kind"] == "Service":
        live["spec"] |= _SERVICE
    owned = fields_v1(live)
    if live["kind"] == "Service":
        # Given out after it was noted who set what.
        live["spec"] |= _ADDRESSES
    number = next(_numbers)
    entry = {"manager": manager, "operation": "Update", "apiVersion": live["apiVersion"], "fieldsType": "FieldsV1"}
    live["metadata"] |= {
        "uid": f"uid-left-{number}",
        "resourceVersion": str(number),
        "generation": 1,
        "managedFields": [{**entry, "time": "2025-12-01T08:00:00Z", "fieldsV1": owned}],
    }
    return live


def _default_deployment(spec: Made) -> None:
    for field, value in _ROLLOUT.items():
        spec.setdefault(field, copy.deepcopy(value))
    pod = spec["template"]["spec"]
    pod |= copy.deepcopy(_POD)
    for container in (*pod["containers"], *pod.get("initContainers", ())):
        _default_container(container)


def _default_container(container: Made) -> None:
    tag = container["image"].rpartition("/")[2].partition(":")[2]
    container |= {**_MESSAGES, "imagePullPolicy": "Always" if tag in ("", "latest") else "IfNotPresent"}
    for port in container.get("ports", ()):
        port["protocol"] = "TCP"
    for variable in container.get("env", ()):
        if variable["value"] == "":
            del variable["value"]
    for probe in {"livenessProbe", "readinessProbe"} & container.keys():
        container[probe] = _PROBE | container[probe]
        container[probe]["httpGet"] = {**container[probe]["httpGet"], "scheme": "HTTP"}
    for empty in ("command", "args"):
        if container.get(empty) == []:
            del container[empty]


def key_of(live: Made) -> ObjectKey:
    return ObjectKey(Kind(live["kind"]), live["metadata"]["name"])


def left_behind(item: Item) -> Observed:
    """Everything that the poller made for a record, as it is observed."""
    return Observed(objects={key_of(made): kept(made) for made in objects_of(item)})


def leave(cluster: FakeCluster, made: Made) -> dict[str, Any]:
    """Put one object into a cluster in memory, as the poller would have made it there."""
    live = kept(made)
    live["metadata"]["resourceVersion"] = str(cluster.model.version())
    cluster.model.objects[key_of(live)] = live
    return copy.deepcopy(live)
