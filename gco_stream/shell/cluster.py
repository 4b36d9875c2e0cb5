"""The ``Cluster`` port on a Kubernetes API server."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Coroutine
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gco_stream.core.manifests.ownership import FIELD_MANAGER, INFERENCE, REPLICAS_MANAGER, TYPE
from gco_stream.core.mirror import WatchEvent
from gco_stream.core.models import (
    Action,
    Apply,
    EndpointName,
    Fold,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    canary_name,
    object_keys,
)
from gco_stream.core.record import is_valid_name
from gco_stream.core.room import TargetGroups
from gco_stream.core.route import target_groups_of
from gco_stream.errors import Transient
from gco_stream.meters import Meters
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi
from gco_stream.shell.watch import SILENCE, watch

_COLLECTIONS = {
    Kind.DEPLOYMENT: ("apis/apps/v1", "deployments"),
    Kind.SERVICE: ("api/v1", "services"),
    Kind.INGRESS: ("apis/networking.k8s.io/v1", "ingresses"),
    Kind.AUTOSCALER: ("apis/autoscaling/v2", "horizontalpodautoscalers"),
}
_OF_ENDPOINTS = f"{TYPE}={INFERENCE}"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_APPLY = {"fieldManager": FIELD_MANAGER, "force": "true"}
# Without force, so that a count that has changed since it was read is a conflict and nothing is written.
_RELEASE = {"fieldManager": REPLICAS_MANAGER, "force": "false"}


class KubernetesCluster:
    """Reads and writes the objects of one namespace.

    Attributes:
        silence: How long nothing may come on a watch.
    """

    silence: timedelta = SILENCE

    def __init__(
        self, connection: Connection, *, namespace: str, timeout: timedelta, meters: Meters | None = None
    ) -> None:
        self._api = KubernetesApi(connection, timeout=timeout, meters=meters)
        self._namespace = namespace

    async def observe(
        self, name: EndpointName, *, with_pods: bool, keys: Collection[ObjectKey] | None = None
    ) -> Observed:
        """Read an endpoint's objects, every one that it can have or those that are named, and its pods where asked for.

        Nothing can exist under a name that Kubernetes refuses, so nothing is asked for one.
        """
        if not is_valid_name(name):
            return Observed(pods=() if with_pods else None)
        keys = object_keys(name) if keys is None else keys
        questions = [self._get(key) for key in keys]
        if with_pods:
            *found, pods = await _together(*questions, self.pods(name))
        else:
            found, pods = await _together(*questions), None
        return Observed(objects={k: live for k, live in zip(keys, found, strict=True) if live is not None}, pods=pods)

    async def count_target_groups(self) -> TargetGroups:
        """Count the target groups that each published endpoint has on the load balancer."""
        path = self._collection(Kind.INGRESS)
        listed = await self._api.request("GET", path, query={"labelSelector": _OF_ENDPOINTS}, accept=_METADATA_ONLY)
        return {live["metadata"]["name"]: target_groups_of(live) for live in (listed or {}).get("items") or ()}

    def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """Follow the objects of one kind until the server ends it; without ``since`` list everything first."""
        return watch(self._api, self._collection(kind), kind=kind.value, since=since, silence=self.silence)

    async def carry_out(self, action: Action) -> Manifest | None:
        """Do one thing, and return the object as it then is; None if it is gone."""
        if isinstance(action, Apply):
            return await self._apply(action)
        preconditions = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": action.uid}}
        answer = await self._api.request("DELETE", self._path(action.key), body=preconditions)
        # An object with a finalizer is answered as it is; one that is gone, by a Status.
        return answer if answer is not None and answer.get("kind") == action.key.kind else None

    async def _apply(self, action: Apply) -> Manifest:
        """Apply an intent to the one object that it was planned for.

        An apply may create what is not there and take over what is, so it says which it means: a ``uid`` for an
        object that exists, and for one that must not exist yet a ``resourceVersion`` that no object can have.
        """
        if action.fold is not None:
            await self._fold(action.key, action.fold)
        metadata = dict(action.manifest["metadata"])
        metadata |= {"uid": action.uid} if action.uid is not None else {"resourceVersion": "1"}
        body = {**action.manifest, "metadata": metadata}
        query = _RELEASE if action.gives_up_replicas else _APPLY
        answer = await self._api.request("PATCH", self._path(action.key), query=query, body=body)
        if answer is None:
            raise Transient(f"apply {action.key}: there is no namespace {self._namespace}")
        return answer

    async def _fold(self, key: ObjectKey, fold: Fold) -> None:
        """Write down who owns what, and nothing else, unless the object has changed since it was read."""
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": list(fold.managed_fields)},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": fold.resource_version},
        ]
        await self._api.request("PATCH", self._path(key), body=patch)

    async def _get(self, key: ObjectKey) -> Manifest | None:
        return await self._api.request("GET", self._path(key))

    async def pods(self, name: EndpointName) -> tuple[Manifest, ...]:
        """Read the pods of an endpoint and of its canary."""
        path = f"/api/v1/namespaces/{quote(self._namespace)}/pods"
        selector = f"app in ({name},{canary_name(name)})"
        answer = await self._api.request("GET", path, query={"labelSelector": selector})
        return tuple((answer or {}).get("items") or ())

    def _path(self, key: ObjectKey) -> str:
        return f"{self._collection(key.kind)}/{quote(key.name)}"

    def _collection(self, kind: Kind) -> str:
        group, plural = _COLLECTIONS[kind]
        return f"/{group}/namespaces/{quote(self._namespace)}/{plural}"


async def _together(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Await several calls at once; the first error ends them all."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]
