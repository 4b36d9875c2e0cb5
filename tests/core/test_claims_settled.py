"""Who is told when claims change, and that it does not matter how they came about."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.claim import Clash
from gco_stream.core.claims import Claims
from gco_stream.core.models import EndpointName, Item
from tests.builders import ELSEWHERE, REGION, a_spec
from tests.core.claimants import CANARY, X_CANARY, X, Y, Z, a_claimant, blocked, claims_of, seen
from tests.strategies import junk_items

pytestmark = pytest.mark.behaviour("B13")


def test_the_blocked_one_is_woken_when_the_winner_goes() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.forget(X)

    assert woken == {Y}
    assert blocked(claims, X, Y) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"ingress_path": "/elsewhere"},
        {"desired_state": "deleted"},
        {"target_regions": [ELSEWHERE]},
        {"ingress_path": "junk"},
    ],
)
def test_the_blocked_one_is_woken_when_the_winner_gives_up_what_it_claimed(change: dict[str, Any]) -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.note(a_claimant("x", made=1, **({"ingress_path": "/p"} | change)))

    assert woken == {Y}
    assert blocked(claims, X, Y) == {}


def test_an_endpoint_is_woken_when_the_canary_of_its_name_ends() -> None:
    claims = claims_of(a_claimant("x", made=1, canary=CANARY), a_claimant("x-canary", made=2))

    woken = claims.note(a_claimant("x", made=1))

    assert woken == {X_CANARY}
    assert blocked(claims, X, X_CANARY) == {}


def test_the_unpublished_one_is_woken_when_the_other_was_published_first() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.note(a_claimant("y", made=2, ingress_path="/p"), seen("y", "/p"))

    assert woken == {X}
    assert blocked(claims, X, Y) == {"x": "y"}


def test_the_blocked_one_is_woken_when_its_message_would_name_something_else() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p/q"))

    woken = claims.note(a_claimant("x", made=1, ingress_path="/p/q/r"))

    assert woken == {Y}


def test_who_was_kept_out_by_a_loser_before_is_woken_when_that_one_loses() -> None:
    claims = claims_of(a_claimant("y", made=2, ingress_path="/p"), a_claimant("z", made=3, ingress_path="/p/z"))

    woken = claims.note(a_claimant("x", made=1, ingress_path="/p/x"))

    assert woken == {Y, Z}
    assert blocked(claims, X, Y, Z) == {"y": "x"}


def test_who_bears_the_name_of_a_canary_is_woken_when_the_canarys_endpoint_loses() -> None:
    claims = claims_of(a_claimant("x", made=2, canary=CANARY, ingress_path="/p"), a_claimant("x-canary", made=3))

    woken = claims.note(a_claimant("y", made=1, ingress_path="/p"))

    assert woken == {X, X_CANARY}
    assert blocked(claims, X, X_CANARY, Y) == {"x": "y"}


def test_the_one_that_is_noted_is_not_woken_by_itself() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.note(a_claimant("x", made=3, ingress_path="/p"))

    assert woken == {Y}
    assert blocked(claims, X, Y) == {"x": "y"}


def test_nobody_is_woken_by_what_changes_no_claim() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    woken = claims.note(a_claimant("x", made=1, ingress_path="/p/", desired_state="stopped", spec=a_spec(replicas=5)))

    assert woken == frozenset()


def test_a_winner_that_publishes_wakes_nobody() -> None:
    claims = claims_of(a_claimant("x", made=1, ingress_path="/p"), a_claimant("y", made=2, ingress_path="/p"))

    assert claims.note(a_claimant("x", made=1, ingress_path="/p", published=True)) == frozenset()


@given(junk_items())
def test_any_record_can_be_noted_and_forgotten(item: dict[str, Any]) -> None:
    claims, name = claims_of(a_claimant("y", made=1)), EndpointName(item["endpoint_name"])

    claims.note(item)

    claims.forget(name)
    assert claims.rival_of(name) is None


_PATHS = ["/p", "/p/", "/p/q", "/p/q/r", "/p/s", "/t", ...]
some_claimants = st.builds(
    a_claimant,
    st.sampled_from(["x", "x-canary", "x-canary-canary", "y", "y-canary", "z"]),
    made=st.sampled_from([1.0, 2.0, 3.0]),
    canary=st.sampled_from([None, CANARY]),
    published=st.booleans(),
    stands=st.booleans(),
    ingress_path=st.sampled_from(_PATHS),
    desired_state=st.sampled_from(["running", "running", "running", "deleted"]),
)
Noted = tuple[dict[str, Any], str | None]
Step = Noted | EndpointName
some_notes = st.tuples(some_claimants, st.sampled_from([None, None, "/p", "/p/q", "/t", "/u"]))
some_steps = some_notes | st.sampled_from([X, X_CANARY, Y])
steps = st.lists(some_steps, max_size=14)


def carry_out(claims: Claims, step: Step) -> frozenset[EndpointName]:
    """Forget a record, or note it beside an Ingress at a path."""
    if isinstance(step, str):
        return claims.forget(step)
    item, path = step
    return claims.note(item) if path is None else claims.note(item, seen(item["endpoint_name"], path))


def name_in(step: Step) -> str:
    return step if isinstance(step, str) else str(step[0]["endpoint_name"])


def left_after(history: Iterable[Step]) -> dict[str, Noted]:
    notes: dict[str, Noted] = {}
    for step in history:
        notes.pop(name_in(step), None)
        if not isinstance(step, str):
            notes[name_in(step)] = step
    return notes


def verdicts(claims: Claims, names: Iterable[str]) -> dict[str, Clash | None]:
    return {name: claims.rival_of(EndpointName(name)) for name in names}


NAMES = ["x", "x-canary", "x-canary-canary", "y", "y-canary", "z"]


@given(steps, st.randoms(use_true_random=False))
def test_how_it_came_about_does_not_matter(history: list[Any], chance: Any) -> None:
    claims = Claims(REGION)
    for step in history:
        carry_out(claims, step)

    notes = list(left_after(history).values())
    chance.shuffle(notes)
    others = Claims(REGION)
    for note in notes:
        carry_out(others, note)
    assert verdicts(claims, NAMES) == verdicts(others, NAMES)


@given(steps, some_steps)
def test_exactly_those_are_woken_whose_clash_is_another(history: list[Any], last: Any) -> None:
    claims = Claims(REGION)
    for step in history:
        carry_out(claims, step)
    before = verdicts(claims, NAMES)

    woken = carry_out(claims, last)

    after = verdicts(claims, NAMES)
    assert woken == {name for name in NAMES if before[name] != after[name] and name != name_in(last)}


def do_clash(one: Item, other: Item) -> bool:
    """Whether two endpoints want the same, said as plainly as can be."""
    ours, theirs = (str(item.get("ingress_path", f"/inference/{item['endpoint_name']}")) for item in (one, other))
    ours, theirs = f"{ours.rstrip('/')}/", f"{theirs.rstrip('/')}/"
    return ours.startswith(theirs) or theirs.startswith(ours)


def has_canary_called(name: str, item: Item) -> bool:
    stands = item["region_status"][REGION].get("canary") is not None
    return f"{item['endpoint_name']}-canary" == name and (item["spec"]["canary"] is not None or stands)


@given(st.lists(some_claimants, max_size=8, unique_by=lambda item: item["endpoint_name"]))
def test_of_all_that_clash_as_many_as_possible_have_what_they_claim(items: list[dict[str, Any]]) -> None:
    claims = claims_of(*items)

    wanted = {item["endpoint_name"]: item for item in items if item["desired_state"] != "deleted"}
    clashes = verdicts(claims, wanted)
    for name, clash in clashes.items():
        free = {other: it for other, it in wanted.items() if other != name and clashes[other] is None}
        rivals = [o for o, it in free.items() if do_clash(wanted[name], it) or has_canary_called(name, it)]
        if clash is None:
            assert rivals == []
        elif clash.field != "spec.canary":
            standing = {other for other, it in wanted.items() if it["region_status"][REGION]["published"]}
            partly = {o for o, c in clashes.items() if c is not None and c.field == "spec.canary"}
            assert clash.rival in {*rivals, *standing, *partly}
            assert clash.rival != name


@pytest.mark.parametrize("fields", [{}, {"desired_state": "deleted"}, {"target_regions": [ELSEWHERE]}, {"spec": 5}])
def test_every_record_is_known_until_it_is_gone(fields: dict[str, Any]) -> None:
    claims = claims_of(a_claimant("x", **fields), a_claimant("y"))

    known = claims.knows("x")

    claims.forget(X)
    assert (known, claims.knows("x"), claims.knows("y"), claims.knows("z")) == (True, False, True, False)


def test_a_record_that_a_complete_scan_did_not_find_is_known_no_more() -> None:
    claims = claims_of(a_claimant("x", desired_state="deleted"), a_claimant("y"))

    claims.end_scan({Y})

    assert (claims.knows("x"), claims.knows("y")) == (False, True)
