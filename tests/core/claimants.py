"""Records that lay claim to things, for the tests of claims."""

from functools import cache
from typing import Any

from gco_stream.core.claims import Claims
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.models import EndpointName, Item, Kind, Manifest, Observed
from gco_stream.core.projection import project
from tests.builders import (
    REGION,
    SCOPE,
    a_deployment_status,
    a_live,
    a_spec,
    a_status,
    an_endpoint,
    an_item,
    at,
    changed,
    manifests_of,
    observed,
)

CANARY = {"image": "registry.example/acme/llama-server:v2"}
X, X_CANARY, Y, Z = (EndpointName(name) for name in ("x", "x-canary", "y", "z"))


def a_claimant(
    name: str,
    *,
    made: float | None = None,
    canary: Any = None,
    published: bool = False,
    stands: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    """A record that was made some seconds after all those that do not say; ``stands`` is said of its canary."""
    status = a_status(published=published, canary={"weight": 10} if stands else ...)
    made_at = {} if made is None else {"created_at": at(made)}
    given = {"spec": a_spec(canary=canary), "region_status": {REGION: status}} | made_at | fields
    return an_item(name, **given)


@cache
def seen(name: str, path: str | None = None) -> Observed:
    """An endpoint's Ingress as the watch shows it."""
    return observed(ingress_at(name, path))


def ingress_at(name: str, path: str | None = None) -> Manifest:
    return {**project(a_live(ingress(an_endpoint(name, path=path), SCOPE))), "kind": "Ingress"}


def the_pollers(live: Manifest) -> Manifest:
    """The same without our marks."""
    return changed(live, labels={})


def canary_of(name: str) -> Observed:
    """An endpoint's Ingress, and its canary's Deployment."""
    deployment = a_live(manifests_of(an_endpoint(name))[Kind.DEPLOYMENT], **a_deployment_status())
    return observed(ingress_at(name), {**project(changed(deployment, name=f"{name}-canary")), "kind": "Deployment"})


def claims_of(*items: Item) -> Claims:
    claims = Claims(REGION)
    for item in items:
        claims.note(item)
    return claims


def rival_of(name: EndpointName, claims: Claims) -> str | None:
    clash = claims.rival_of(name)
    return None if clash is None else clash.rival


def blocked(claims: Claims, *names: EndpointName) -> dict[str, str]:
    """Who is blocked by whom."""
    return {name: rival for name in names if (rival := rival_of(name, claims)) is not None}
