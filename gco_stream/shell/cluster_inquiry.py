"""Asks the API server whether a controller could work there; whatever is asked changes nothing.

What the one who asks may not read is not asked for, so that nothing is denied.
Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from gco_stream.core.checkup import NoAnswer, Place
from gco_stream.core.cluster_checkup import ACCOUNT, CLAIM, INGRESS_CLASS, NAMESPACE, ClusterFacts
from gco_stream.core.leadership import Lease
from gco_stream.core.models import Manifest
from gco_stream.core.permissions import PERMISSIONS, Permission
from gco_stream.errors import Denied, GcoStreamError
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi, load_configuration
from gco_stream.shell.lease import KubernetesLeases
from gco_stream.shell.table_inquiry import INQUIRY

_TIMEOUT = timedelta(seconds=5)
# Each opens a connection, which costs more than what is asked over it.
_AT_ONCE = 4
_REVIEWS = "/apis/authorization.k8s.io/v1"


class _Thing(NamedTuple):
    path: str
    permission: Permission
    namespace: str = ""


async def ask_cluster(connection: Connection, place: Place, *, whole: bool) -> ClusterFacts:
    """Find out what can be known of the cluster.

    Args:
        whole: Also what only endpoints need, and who leads; else what the controller itself cannot start without.
    """
    inquiry = _Inquiry(KubernetesApi(connection, timeout=_TIMEOUT), place)
    server = await inquiry.version()
    if isinstance(server, NoAnswer):
        return ClusterFacts(server=server)
    things = _things(place) if whole else {NAMESPACE: _things(place)[NAMESPACE]}
    lease = _lease(connection, place) if whole else _nobody()
    async with asyncio.TaskGroup() as group:
        may = {one: group.create_task(inquiry.may(one)) for one in PERMISSIONS}
        found = {check: group.create_task(inquiry.find(thing)) for check, thing in things.items()}
        led = group.create_task(lease)
    return ClusterFacts(
        server=server,
        may={permission: task.result() for permission, task in may.items()},
        things={check: task.result() for check, task in found.items()},
        lease=led.result(),
    )


def _things(place: Place) -> Mapping[str, _Thing]:
    inside, where = f"/api/v1/namespaces/{quote(place.namespace)}", place.namespace
    account, claim, ingress_class = "gco-service-account", "efs-claim", "alb"
    return {
        NAMESPACE: _Thing(inside, Permission("", "namespaces", "get", where), where),
        ACCOUNT: _Thing(
            f"{inside}/serviceaccounts/{account}", Permission("", "serviceaccounts", "get", account), where
        ),
        CLAIM: _Thing(
            f"{inside}/persistentvolumeclaims/{claim}", Permission("", "persistentvolumeclaims", "get", claim), where
        ),
        INGRESS_CLASS: _Thing(
            f"/apis/networking.k8s.io/v1/ingressclasses/{ingress_class}",
            Permission("networking.k8s.io", "ingressclasses", "get", ingress_class),
        ),
    }


class _Inquiry:
    def __init__(self, api: KubernetesApi, place: Place) -> None:
        self._api = api
        self._place = place
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def version(self) -> str | NoAnswer:
        """Ask for the server's version, which everybody may know."""
        try:
            answer = await self._api.request("GET", "/version")
        except GcoStreamError as error:
            return _no_answer(error)
        return f"Kubernetes {(answer or {}).get('gitVersion', 'of unknown version')}"

    async def may(self, permission: Permission) -> bool | NoAnswer:
        """Ask whether the account that is judged has a permission."""
        namespace = self._place.lease_namespace if permission.is_about_lease else self._place.namespace
        return await self._review(permission, namespace, self._place.account)

    async def find(self, thing: _Thing) -> Manifest | NoAnswer | None:
        """Read an object, if whoever asks may."""
        may = await self._review(thing.permission, thing.namespace, "")
        if may is not True:
            return may or NoAnswer(f"this identity may not get {thing.permission.subject}", is_denied=True)
        try:
            return await self._api.request("GET", thing.path)
        except GcoStreamError as error:
            return _no_answer(error)

    async def _review(self, permission: Permission, namespace: str, account: str) -> bool | NoAnswer:
        attributes = {
            "namespace": namespace,
            "verb": permission.verb,
            "group": permission.group,
            "resource": permission.resource,
            "name": permission.name,
        }
        kind = "SubjectAccessReview" if account else "SelfSubjectAccessReview"
        spec: dict[str, Any] = {"resourceAttributes": attributes, **(_identity(account) if account else {})}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        try:
            async with self._room:
                answer = await self._api.request("POST", f"{_REVIEWS}/{kind.lower()}s", body=body)
        except GcoStreamError as error:
            return _no_answer(error)
        return bool(((answer or {}).get("status") or {}).get("allowed"))


def _identity(account: str) -> dict[str, Any]:
    """Say who a ServiceAccount is to the API server."""
    namespace, _, name = account.partition("/")
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return {"user": f"system:serviceaccount:{namespace}:{name}", "groups": groups}


async def _lease(connection: Connection, place: Place) -> Lease | NoAnswer | None:
    try:
        return await KubernetesLeases(connection, namespace=place.lease_namespace, timeout=_TIMEOUT).read()
    except GcoStreamError as error:
        return _no_answer(error)


async def _nobody() -> None:
    return None


def _no_answer(error: GcoStreamError) -> NoAnswer:
    return NoAnswer(" ".join(str(error).split()), is_denied=isinstance(error, Denied))


@asynccontextmanager
async def inquiring_connection() -> AsyncIterator[Connection]:
    """Open a connection to the API server that is configured.

    Raises:
        InvalidSettings: None is.
    """
    async with Connection(await load_configuration(), agent=INQUIRY) as connection:
        yield connection
