"""What a pass reads, by what the watch has shown and by what is wished."""

import pytest

from gco_stream.core.looking import keys_to_read
from gco_stream.core.mirror import Listed, Mirror
from gco_stream.core.models import EndpointName, Item, Kind, Manifest, object_keys
from gco_stream.core.projection import project
from gco_stream.core.wish import Request, read_request
from tests.builders import DEPLOYMENT, INGRESS, NAME, SCOPE, SERVICE, a_live, an_endpoint, an_item, manifests_of

ALL = object_keys(NAME)


def a_mirror(*live: Manifest) -> Mirror:
    """A mirror that has seen everything there is."""
    mirror = Mirror()
    for kind in Kind:
        mirror.take(kind, Listed(tuple(project(one) for one in live if one["kind"] == kind), "10"))
    return mirror


def a_request(item: Item | None) -> Request:
    return read_request(EndpointName(NAME), item, SCOPE)


def ours() -> list[Manifest]:
    return [a_live(manifest) for manifest in manifests_of(an_endpoint()).values()]


def theirs(kind: str) -> Manifest:
    metadata = {"name": NAME, "uid": "uid-theirs", "resourceVersion": "7", "labels": {"app": "theirs"}}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": {}}


def test_of_an_endpoint_that_is_to_run_what_is_there_is_read() -> None:
    keys = keys_to_read(a_request(an_item()), a_mirror(*ours()))

    assert {DEPLOYMENT, SERVICE} <= set(keys) <= {DEPLOYMENT, SERVICE, INGRESS}


def test_of_a_new_endpoint_nothing_is_read() -> None:
    assert not keys_to_read(a_request(an_item()), a_mirror())


@pytest.mark.behaviour("B13")
def test_what_somebody_else_has_under_its_name_is_read_though_it_bears_none_of_our_labels() -> None:
    assert list(keys_to_read(a_request(an_item()), a_mirror(theirs("Service")))) == [SERVICE]


@pytest.mark.behaviour("B12")
@pytest.mark.parametrize("state", ["stopped", "deleted"])
def test_of_an_endpoint_that_is_to_go_everything_is_looked_for(state: str) -> None:
    assert keys_to_read(a_request(an_item(desired_state=state)), a_mirror()) == ALL


@pytest.mark.behaviour("B12")
def test_without_a_record_everything_is_looked_for_where_something_of_ours_is_left_and_nothing_elsewhere() -> None:
    assert keys_to_read(a_request(None), a_mirror(*ours())) == ALL
    assert not keys_to_read(a_request(None), a_mirror(theirs("Deployment")))


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_as_long_as_any_watch_is_blind_everything_is_read(kind: Kind) -> None:
    mirror = a_mirror()
    mirror.doubt(kind)

    assert keys_to_read(a_request(an_item()), mirror) == ALL
    assert keys_to_read(a_request(None), mirror) == ALL
