from typing import Any

import pytest

from gco_stream.core.claim import Claim, Part, claims_of, clash_between
from gco_stream.core.models import EndpointName, Item, Observed
from tests.builders import REGION
from tests.core.claimants import CANARY, X_CANARY, X, Y, a_claimant, seen

pytestmark = pytest.mark.behaviour("B13")


def parts(item: Item, there: Observed | None = None) -> dict[Part, Claim]:
    """A record's claims, by what they are of."""
    claims = claims_of(EndpointName(item["endpoint_name"]), item, REGION, there or Observed())
    return {claim.rank.part: claim for claim in claims}


def test_a_record_claims_its_name_and_its_path_together() -> None:
    claims = parts(a_claimant(X))

    assert {part: claim.places for part, claim in claims.items()} == {Part.ENDPOINT: (X, "/inference/x")}


@pytest.mark.parametrize("fields", [{"desired_state": "deleted"}, {"target_regions": ["eu-west-1"]}])
def test_a_record_that_wants_nothing_here_claims_nothing(fields: dict[str, Any]) -> None:
    assert parts(a_claimant(X, **fields)) == {}


def test_a_canary_is_a_claim_of_its_own_that_needs_its_endpoints() -> None:
    claims = parts(a_claimant(X, canary=CANARY))

    assert claims[Part.CANARY].places == (X_CANARY,)
    assert claims[Part.CANARY].needs is claims[Part.ENDPOINT]


def test_a_published_endpoint_that_is_to_move_keeps_the_path_that_it_has_and_asks_for_the_other() -> None:
    claims = parts(a_claimant(X, published=True, ingress_path="/new"), seen(X, "/old"))

    assert {part: claim.places for part, claim in claims.items()} == {
        Part.LEFT_PATH: ("/old",),
        Part.ENDPOINT: (X,),
        Part.NEW_PATH: ("/new",),
    }
    assert claims[Part.LEFT_PATH].rank < claims[Part.NEW_PATH].rank


@pytest.mark.parametrize(
    ("mine", "rival", "field", "contested"),
    [
        (a_claimant(X, ingress_path="/a/b"), a_claimant(Y, ingress_path="/a"), "ingress_path", "path /a"),
        (a_claimant(X_CANARY), a_claimant(X, canary=CANARY), "endpoint_name", "name x-canary"),
        (a_claimant(X, canary=CANARY), a_claimant(X_CANARY), "spec.canary", "name x-canary"),
    ],
)
def test_a_clash_names_the_field_its_value_and_who_has_it(mine: Item, rival: Item, field: str, contested: str) -> None:
    one = parts(mine)[Part.CANARY if field == "spec.canary" else Part.ENDPOINT]
    other = parts(rival)[Part.CANARY if field == "endpoint_name" else Part.ENDPOINT]

    clash = clash_between(one, other)

    assert (clash.rival, clash.field, clash.contested) == (rival["endpoint_name"], field, contested)
    assert repr(str(clash.rival)) in clash.message
