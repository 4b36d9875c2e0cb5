"""The controller's account where it is shipped to, with rights in a namespace of a test's own."""

from collections.abc import Mapping

from tests.world import Kubernetes, Manifest


def placed(manifest: Manifest, namespace: str) -> Manifest:
    """The same in another namespace."""
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


async def account_with_rights(kubernetes: Kubernetes, found: Mapping[str, Manifest]) -> str:
    """Make the controller's account where it belongs, its Role in this site instead, and return a token."""
    system = kubernetes.within("gco-system")
    await system.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gco-system"}})
    await system.apply(found["ServiceAccount"])
    await kubernetes.apply(placed(found["Role"], kubernetes.namespace))
    await kubernetes.apply(placed(found["RoleBinding"], kubernetes.namespace))
    return await system.token_of("gco-inference-monitor-sa")
