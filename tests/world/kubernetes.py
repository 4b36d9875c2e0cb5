"""A small Kubernetes client for tests: plain dictionaries in and out, nothing cached or retried."""

import builtins
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

Manifest = dict[str, Any]
"""A Kubernetes object as the API has it."""


class Resource(NamedTuple):
    """Where objects of a kind are found."""

    api: str
    plural: str
    namespaced: bool = True


CORE, APPS, RBAC = "/api/v1", "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"
RESOURCES = {
    "APIService": Resource("/apis/apiregistration.k8s.io/v1", "apiservices", False),
    "ConfigMap": Resource(CORE, "configmaps"),
    "Namespace": Resource(CORE, "namespaces", False),
    "Node": Resource(CORE, "nodes", False),
    "PersistentVolume": Resource(CORE, "persistentvolumes", False),
    "PersistentVolumeClaim": Resource(CORE, "persistentvolumeclaims"),
    "Pod": Resource(CORE, "pods"),
    "Secret": Resource(CORE, "secrets"),
    "Service": Resource(CORE, "services"),
    "ServiceAccount": Resource(CORE, "serviceaccounts"),
    "Deployment": Resource(APPS, "deployments"),
    "ReplicaSet": Resource(APPS, "replicasets"),
    "HorizontalPodAutoscaler": Resource("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "Job": Resource("/apis/batch/v1", "jobs"),
    "Lease": Resource("/apis/coordination.k8s.io/v1", "leases"),
    "EndpointSlice": Resource("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Event": Resource("/apis/events.k8s.io/v1", "events"),
    "Ingress": Resource("/apis/networking.k8s.io/v1", "ingresses"),
    "IngressClass": Resource("/apis/networking.k8s.io/v1", "ingressclasses", False),
    "NetworkPolicy": Resource("/apis/networking.k8s.io/v1", "networkpolicies"),
    "PodDisruptionBudget": Resource("/apis/policy/v1", "poddisruptionbudgets"),
    "Role": Resource(RBAC, "roles"),
    "RoleBinding": Resource(RBAC, "rolebindings"),
    "ClusterRole": Resource(RBAC, "clusterroles", False),
    "ClusterRoleBinding": Resource(RBAC, "clusterrolebindings", False),
}

TOKEN_SECONDS = 86400
"""Longer than any world lives, soaks included."""
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


class KubernetesError(Exception):
    """The API server refused; `status` is the HTTP status, `body` its `Status` object."""

    def __init__(self, request: str, status: int, body: Manifest) -> None:
        super().__init__(f"{request}: {status} {body.get('reason', '')}: {body.get('message')}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """The API server as seen from one namespace; needs no closing, the world owns the session."""

    session: aiohttp.ClientSession
    namespace: str = "default"

    def within(self, namespace: str) -> "Kubernetes":
        """The same server, seen from another namespace."""
        return Kubernetes(self.session, namespace)

    async def get(self, kind: str, name: str) -> Manifest | None:
        """Read one object, or None if there is none of that name."""
        try:
            return await self.request("GET", self.path(kind, name))
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, kind: str, selector: str | None = None) -> builtins.list[Manifest]:
        """Read all objects of a kind, those in this namespace if the kind has namespaces."""
        params = {"labelSelector": selector} if selector else {}
        items: list[Manifest] = (await self.request("GET", self.path(kind), params=params))["items"]
        return items

    async def create(self, manifest: Manifest) -> Manifest:
        """POST one object, and return it as stored."""
        return await self.request("POST", self.path(manifest["kind"]), manifest)

    async def apply(self, manifest: Manifest, field_manager: str = "test", force: bool = True) -> Manifest:
        """Server-side apply one object, and return it as stored."""
        return await self.request(
            "PATCH",
            self.path(manifest["kind"], manifest["metadata"]["name"]),
            manifest,
            params={"fieldManager": field_manager, "force": str(force).lower()},
            content_type=APPLY_PATCH,
        )

    async def patch(self, kind: str, name: str, body: Manifest, subresource: str = "") -> Manifest:
        """Merge-patch one object or a subresource of it (`status`, `scale`)."""
        path = self.path(kind, name) + (f"/{subresource}" if subresource else "")
        return await self.request("PATCH", path, body, content_type=MERGE_PATCH)

    async def delete(self, kind: str, name: str, **options: object) -> bool:
        """Delete one object with `DeleteOptions` fields; False if there was none."""
        try:
            await self.request("DELETE", self.path(kind, name), options or None)
        except KubernetesError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def token_of(self, service_account: str, *, bound_to: Manifest | None = None) -> str:
        """A token that is allowed what that ServiceAccount is allowed, as long as there is what it is bound to."""
        spec: Manifest = {"expirationSeconds": TOKEN_SECONDS}
        if bound_to is not None:
            metadata = {part: bound_to["metadata"][part] for part in ("name", "uid")}
            spec["boundObjectRef"] = {"apiVersion": bound_to["apiVersion"], "kind": bound_to["kind"], **metadata}
        path = self.path("ServiceAccount", service_account) + "/token"
        answer = await self.request("POST", path, {"spec": spec})
        token: str = answer["status"]["token"]
        return token

    async def watch(
        self, kind: str, selector: str | None = None, resource_version: str | None = None
    ) -> AsyncGenerator[tuple[str, Manifest], None]:
        """Yield (type, object) until the server ends it; without a version, what exists comes first.

        Close it (`contextlib.aclosing`) where it is left early, as its connection stays open.
        """
        params = {"watch": "true"}
        if selector:
            params["labelSelector"] = selector
        if resource_version:
            params["resourceVersion"] = resource_version
        async with self.session.get(self.path(kind), params=params) as answer:
            await _refuse_errors(f"watch {kind}", answer)
            async for line in _lines(answer.content):
                event = json.loads(line)
                yield event["type"], event["object"]

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Manifest:
        """Send one request, and return the answer's JSON.

        Raises:
            KubernetesError: Any status of 400 or above.
        """
        content = None if body is None else json.dumps(body)
        all_headers = {"Content-Type": content_type, **(headers or {})}
        async with self.session.request(method, path, data=content, params=params, headers=all_headers) as answer:
            await _refuse_errors(f"{method} {path}", answer)
            result: Manifest = await answer.json(content_type=None)
            return result

    def path(self, kind: str, name: str = "") -> str:
        """The path of a kind's objects here, or of one of them."""
        api, plural, namespaced = RESOURCES[kind]
        scope = f"/namespaces/{self.namespace}" if namespaced else ""
        return f"{api}{scope}/{plural}" + (f"/{name}" if name else "")


def open_session(server: str, token: str, certificate: Path) -> aiohttp.ClientSession:
    """A session for `Kubernetes`; whoever opens it closes it."""
    trusted = ssl.create_default_context(cafile=str(certificate))
    return aiohttp.ClientSession(
        base_url=server,
        headers={"Authorization": f"Bearer {token}"},
        # Watches last as long as they are wanted, and each holds a connection.
        connector=aiohttp.TCPConnector(ssl=trusted, limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
    )


async def _refuse_errors(request: str, answer: aiohttp.ClientResponse) -> None:
    if answer.status < 400:
        return
    text = await answer.text()
    try:
        body = json.loads(text)
    except ValueError:
        body = {"message": text}
    raise KubernetesError(request, answer.status, body)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length: the reader's own stop at 128 kB, and large objects are longer."""
    pending = b""
    async for chunk in content.iter_any():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield line
