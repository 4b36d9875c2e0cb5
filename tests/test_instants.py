"""The reader of audit logs: the order of changes, who made them, and what they leave together."""

import json
from typing import Any

import pytest

from tests.instants import in_order, writes, wrong_instants
from tests.load_balancer_builders import a_service, an_ingress

SITE = "site-1"
RESOURCES = {"Ingress": "ingresses", "Service": "services"}
HAND = "Python/3.11"
MISSING = "names the Service 'llama', which is not there"


def at(second: float) -> str:
    return f"2026-03-01T12:00:{second:09.6f}Z"


def live(kind: str, version: int, *, uid: str = "uid-1", **metadata: Any) -> dict[str, Any]:
    made = an_ingress() if kind == "Ingress" else a_service()
    marks = {**made["metadata"], "namespace": SITE, "uid": uid, "resourceVersion": str(version), **metadata}
    return {**made, "kind": kind, "metadata": marks}


def gone(kind: str, uid: str = "uid-1") -> dict[str, Any]:
    return {"kind": "Status", "details": {"name": name_of(kind), "kind": RESOURCES[kind], "uid": uid}}


def name_of(kind: str) -> str:
    return "inference-llama" if kind == "Ingress" else "llama"


def a_line(verb: str, kind: str, answer: dict[str, Any], *, began: float, took: float = 0.5, **fields: Any) -> str:
    entry = {
        "stage": "ResponseComplete",
        "verb": verb,
        "userAgent": "gco-stream/1",
        "requestURI": f"/{RESOURCES[kind]}/{name_of(kind)}",
        "objectRef": {"namespace": SITE, "resource": RESOURCES[kind], "name": name_of(kind)},
        "responseStatus": {"code": 200},
        "responseObject": answer,
        "requestReceivedTimestamp": at(began),
        "stageTimestamp": at(began + took),
    }
    return json.dumps(entry | fields)


def both(**fields: Any) -> list[str]:
    """The Service is made at second 1, the Ingress at second 2."""
    made = (a_line("patch", kind, live(kind, second), began=second, **fields) for kind, second in SECONDS.items())
    return list(made)


SECONDS = {"Service": 1, "Ingress": 2}


def wrong(*lines: str, by_hand: tuple[str, ...] = ()) -> list[str]:
    return wrong_instants(writes(lines), by_hand=by_hand)


def test_an_instant_without_the_service_is_found_and_said_once_with_what_led_to_it() -> None:
    service, ingress = both()
    again = a_line("patch", "Ingress", live("Ingress", 3, labels={"a": "b"}), began=3)

    found = wrong(ingress, again)

    assert wrong(service, ingress, again) == []
    assert len(found) == 1
    assert MISSING in found[0]
    assert found[0].endswith("(after gco-stream/1 patch Ingress inference-llama at 2026-03-01T12:00:02.500000Z)")


def test_versions_say_the_order_not_the_lines() -> None:
    assert wrong(*reversed(both())) == []


def test_an_instant_between_two_good_ones_is_seen() -> None:
    deleted = a_line("delete", "Service", live("Service", 3), began=3)
    back = a_line("patch", "Service", live("Service", 4, uid="uid-2"), began=4)

    (found,) = wrong(*both(), deleted, back)

    assert MISSING in found


def test_an_ingress_leaves_when_its_deletion_was_answered() -> None:
    slow = a_line("delete", "Ingress", gone("Ingress"), began=3, took=2)
    early = a_line("delete", "Service", live("Service", 5), began=4)
    late = a_line("delete", "Service", live("Service", 5), began=6)

    assert wrong(*both(), slow, late) == []
    assert len(wrong(*both(), slow, early)) == 1


def test_an_ingress_that_waits_for_its_finalizer_has_left() -> None:
    going = live("Ingress", 3, deletionTimestamp=at(3), finalizers=["group.ingress.k8s.aws/gco"])
    deleted = a_line("delete", "Ingress", going, began=3)
    service = a_line("delete", "Service", live("Service", 4), began=4)

    assert wrong(*both(), deleted, service) == []


def test_a_deletion_does_not_take_the_next_of_that_name() -> None:
    deleted = a_line("delete", "Ingress", gone("Ingress"), began=3, took=5)
    another = a_line("patch", "Ingress", live("Ingress", 4, uid="uid-2"), began=4)
    service = a_line("delete", "Service", live("Service", 9), began=9)

    assert len(wrong(*both(), deleted, another, service)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"responseStatus": {"code": 409}},
        {"stage": "Panic"},
        {"requestURI": "/services/llama?dryRun=All"},
        {"userAgent": "kube-controller-manager/v1/namespace-controller"},
        {"objectRef": {"namespace": SITE, "resource": "pods", "name": "llama"}},
    ],
    ids=["refused", "not answered", "only tried", "of a namespace that goes", "another kind"],
)
def test_what_changed_nothing_is_left_out(fields: dict[str, Any]) -> None:
    deletion = a_line("delete", "Service", live("Service", 3), began=3, **fields)

    assert wrong(*both(), deletion) == []


def test_what_is_only_read_is_left_out() -> None:
    assert wrong(*both(), a_line("get", "Service", {"kind": "Status"}, began=3)) == []


def test_several_deletions_in_no_known_order_are_not_guessed_at() -> None:
    with pytest.raises(AssertionError, match="several at once"):
        wrong(a_line("deletecollection", "Service", {"kind": "ServiceList"}, began=1))


def test_namespaces_are_groups_of_their_own() -> None:
    service, ingress = both()
    moved = json.loads(ingress)
    moved["objectRef"]["namespace"] = moved["responseObject"]["metadata"]["namespace"] = "site-2"

    assert len(wrong(service, json.dumps(moved))) == 1


class TestByHand:
    def test_what_a_test_spoils_must_be_named(self) -> None:
        deletion = a_line("delete", "Service", live("Service", 3), began=3, userAgent=HAND)

        assert len(wrong(*both(), deletion)) == 1
        assert wrong(*both(), deletion, by_hand=("Service llama",)) == []

    def test_who_only_writes_down_whose_the_fields_are_has_not_spoiled_them(self) -> None:
        moved = {**live("Service", 3), "spec": {"ports": [{"port": 8081}]}}
        folded = {**moved, "metadata": {**moved["metadata"], "resourceVersion": "4"}}
        by_hand = a_line("patch", "Service", moved, began=3, userAgent=HAND)
        fold = a_line("patch", "Service", folded, began=4)
        repair = a_line("patch", "Service", live("Service", 5), began=5)
        bad = a_line("patch", "Service", {**live("Service", 5), "spec": {"ports": [{"port": 8082}]}}, began=5)

        assert wrong(*both(), by_hand, fold, repair, by_hand=("Service llama",)) == []
        assert len(wrong(*both(), by_hand, fold, bad, by_hand=("Service llama",))) == 1

    def test_what_the_controller_spoils_is_found_all_the_same(self) -> None:
        by_hand = a_line("patch", "Service", live("Service", 3), began=3, userAgent=HAND)
        deletion = a_line("delete", "Service", live("Service", 4), began=4)

        assert len(wrong(*both(), by_hand, deletion, by_hand=("Service llama",))) == 1

    def test_a_name_that_excuses_nothing_is_an_error(self) -> None:
        assert wrong(*both(), by_hand=("Service llama",)) == ["nobody but the controller has changed Service llama"]


def test_changes_come_in_the_order_of_their_versions_and_ends() -> None:
    deleted = a_line("delete", "Ingress", gone("Ingress"), began=3)
    service = a_line("delete", "Service", live("Service", 4), began=4)

    ordered = in_order(writes([service, deleted, *reversed(both())]))

    assert [f"{w.verb} {w.key[0]}" for w in ordered] == [
        "patch Service",
        "patch Ingress",
        "delete Ingress",
        "delete Service",
    ]


class TestADeletionWhoseAskerWasKilled:
    """Its answer comes late to nobody, while the next process reads that the Ingress is gone, and goes on."""

    ASKED = a_line("delete", "Ingress", gone("Ingress"), began=3, took=5)
    SERVICE = a_line("delete", "Service", live("Service", 4), began=5)

    @staticmethod
    def look(began: float, code: int = 404) -> str:
        return a_line("get", "Ingress", {}, began=began, took=0.1, responseStatus={"code": code})

    def test_it_ended_when_somebody_did_not_find_the_ingress(self) -> None:
        assert wrong(*both(), self.ASKED, self.look(4), self.SERVICE) == []

    @pytest.mark.parametrize("look", [look(4, code=200), look(2.5), look(5.2)], ids=["found", "before", "after"])
    def test_no_other_look_excuses_a_service_that_went_first(self, look: str) -> None:
        assert MISSING in wrong(*both(), self.ASKED, look, self.SERVICE)[0]


CUT_OFF: dict[str, Any] = {"kind": "Status", "details": {}}
FAILED: dict[str, Any] = {"responseStatus": {"code": 504}}


class TestWhatNobodyHeardOf:
    """Whoever asked was cut off, or killed; the server says that it has failed, and may have done it all the same."""

    def deletion(self) -> str:
        asked = {"kind": "DeleteOptions", "preconditions": {"uid": "uid-1"}}
        return a_line("delete", "Ingress", CUT_OFF, began=3, requestObject=asked, **FAILED)

    @pytest.mark.parametrize("verb", ["get", "delete"])
    def test_a_deletion_was_done_if_the_ingress_is_not_found_afterwards(self, verb: str) -> None:
        look = a_line(verb, "Ingress", CUT_OFF, began=4, responseStatus={"code": 404})
        early = a_line("delete", "Service", live("Service", 5), began=4.2)
        late = a_line("delete", "Service", live("Service", 5), began=5)

        assert wrong(*both(), self.deletion(), look, late) == []
        assert MISSING in wrong(*both(), self.deletion(), look, early)[0]

    def test_a_deletion_was_not_done_as_far_as_anybody_knows(self) -> None:
        before = a_line("get", "Ingress", CUT_OFF, began=2.9, responseStatus={"code": 404})
        service = a_line("delete", "Service", live("Service", 5), began=5)

        assert MISSING in wrong(*both(), self.deletion(), before, service)[0]

    def test_an_apply_was_done_if_somebody_finds_what_it_made(self) -> None:
        service, ingress = a_line("patch", "Service", CUT_OFF, began=1, **FAILED), both()[1]
        look = a_line("get", "Service", live("Service", 1), began=1.7, took=0.1)

        assert wrong(service, look, ingress) == []
        assert MISSING in wrong(service, ingress)[0]

    def test_what_somebody_finds_may_be_wrong(self) -> None:
        moved = {**live("Service", 3), "spec": {"ports": [{"port": 8081}]}}

        assert wrong(*both(), a_line("get", "Service", live("Service", 1), began=4)) == []
        assert len(wrong(*both(), a_line("get", "Service", moved, began=4))) == 1
