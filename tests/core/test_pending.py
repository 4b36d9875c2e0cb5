import pytest

from gco_stream.core.models import Observed
from gco_stream.core.pending import ADOPTED_AS_FOUND, pending_edits
from gco_stream.core.preview import preview
from tests.builders import DEPLOYMENT, NAME, SCOPE, a_request, a_spec, an_endpoint, an_item, everything_of
from tests.left_behind import left_behind

pytestmark = pytest.mark.behaviour("B35")


def found(**spec: object) -> Observed:
    """What the poller left of an endpoint."""
    return left_behind(an_item(spec=a_spec(**spec)))


def test_what_the_record_asks_of_pods_that_are_left_as_found_is_named() -> None:
    request = a_request(spec=a_spec(env={"A": "1"}))

    (edit,) = pending_edits(request, found(), SCOPE)

    assert (edit.key, edit.why) == (DEPLOYMENT, ADOPTED_AS_FOUND)
    after = preview(edit, found().deployment(NAME)).after
    assert after is not None
    assert after["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]


def test_nothing_is_pending_of_pods_that_we_made() -> None:
    assert list(pending_edits(a_request(spec=a_spec(env={"A": "1"})), everything_of(an_endpoint()), SCOPE)) == []


@pytest.mark.parametrize("state", ["stopped", "deleted"])
def test_nothing_is_pending_of_an_endpoint_that_is_not_to_run(state: str) -> None:
    assert list(pending_edits(a_request(desired_state=state), found(), SCOPE)) == []
