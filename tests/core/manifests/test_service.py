import pytest

from gco_stream.core.models import Kind
from tests.builders import NAME, an_endpoint, manifests_of


@pytest.mark.behaviour("B18")
def test_the_service_leads_from_port_80_to_the_containers() -> None:
    service = manifests_of(an_endpoint(port=30000))[Kind.SERVICE]

    assert (service["apiVersion"], service["metadata"]["name"]) == ("v1", NAME)
    assert service["spec"] == {
        "type": "ClusterIP",
        "selector": {"app": NAME},
        "ports": [{"port": 80, "targetPort": 30000, "protocol": "TCP"}],
    }
