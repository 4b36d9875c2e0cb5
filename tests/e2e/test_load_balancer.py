"""What is read from the audit log of the real API server is what was there, at every instant."""

from typing import Any

import pytest

from tests.instants import writes, wrong_instants
from tests.load_balancer_builders import a_service, an_ingress
from tests.world import Site, World, eventually


def inside(site: Site, kind: str, version: str, manifest: dict[str, Any]) -> dict[str, Any]:
    metadata = {**manifest["metadata"], "namespace": site.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": manifest["spec"]}


@pytest.mark.by_hand("Service llama", "Ingress inference-llama")
async def test_an_instant_without_its_service_is_found_although_it_is_over(world: World, site: Site) -> None:
    service = inside(site, "Service", "v1", a_service())
    ingress = inside(site, "Ingress", "networking.k8s.io/v1", an_ingress())
    start = world.audit_log.stat().st_size

    def found() -> list[str]:
        return wrong_instants(write for write in writes(world.audited(start)) if write.namespace == site.namespace)

    await site.kubernetes.apply(service)
    await site.kubernetes.apply(ingress)
    await site.kubernetes.delete("Ingress", "inference-llama")
    await site.kubernetes.delete("Service", "llama")
    await site.kubernetes.apply(service)
    await site.kubernetes.apply(ingress)
    assert found() == []
    await site.kubernetes.delete("Service", "llama")
    await site.kubernetes.apply(service)

    (said,) = await eventually(found, what="the instant without the Service")
    assert "names the Service 'llama', which is not there: all its requests are answered 503" in said
    assert "delete Service llama" in said
