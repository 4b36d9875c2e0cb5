"""Where an endpoint stands, as the cluster and its status show it."""

from typing import Any

import pytest

from gco_stream.core.footing import Foothold, Footing, read_foothold
from gco_stream.core.models import Kind, Observed
from gco_stream.core.projection import path_of, project
from tests.builders import a_live, a_status, an_endpoint, an_item, leaving, manifests_of, observed
from tests.core.claimants import X, canary_of, ingress_at, seen

pytestmark = pytest.mark.behaviour("B13")

NOWHERE = Observed()


def footing(seen: Observed = NOWHERE, **status: Any) -> Footing:
    item = an_item("x")
    return read_foothold(X, item, a_status(item=item, **status), seen).footing


def test_an_endpoint_stands_where_its_ingress_is() -> None:
    foothold = read_foothold(X, an_item("x"), {}, seen("x", "/p"))

    assert foothold == Foothold(footing=Footing.SEEN, path="/p", has_canary=False)


def test_an_ingress_that_is_leaving_still_leads_somewhere() -> None:
    there = observed({**leaving(ingress_at("x", "/p")), "kind": "Ingress"})

    assert read_foothold(X, an_item("x"), {}, there).path == "/p"


def test_what_is_seen_is_surer_than_what_is_said() -> None:
    assert footing(seen("x")) < footing() < footing(observed_spec="of before") < footing(published=False)


def test_a_status_of_another_spec_or_of_a_clash_does_not_say_where() -> None:
    assert footing(observed_spec="of before") is footing(reason="Clash") is Footing.SAID_BEFORE


def test_a_canary_stands_where_its_deployment_is_or_where_its_status_says_so() -> None:
    stands = [
        read_foothold(X, an_item("x"), {}, canary_of("x")).has_canary,
        read_foothold(X, an_item("x"), a_status(canary={"weight": 10}), NOWHERE).has_canary,
        read_foothold(X, an_item("x"), a_status(), seen("x")).has_canary,
    ]

    assert stands == [True, True, False]


def test_a_projection_tells_the_path_of_an_ingress() -> None:
    live = a_live(manifests_of(an_endpoint(path="/a/b"))[Kind.INGRESS])

    assert (path_of(project(live)), path_of(live)) == ("/a/b", "/a/b")


@pytest.mark.parametrize("rules", [[], [{}], [{"http": {"paths": []}}], [{"http": {"paths": [{"path": "/a"}] * 2}}]])
def test_an_ingress_without_exactly_one_path_tells_none(rules: list[Any]) -> None:
    live = {"kind": "Ingress", "metadata": {"name": "inference-x"}, "spec": {"rules": rules}}

    assert (path_of(project(live)), path_of(live)) == (None, None)
