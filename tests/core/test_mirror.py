"""What lists, events and our own writes make of the mirror, and what they are news of."""

from typing import Any

import pytest

from gco_stream.core.mirror import Listed, Mirror, Reached, Shown, Vanished, endpoints_of, version_of
from gco_stream.core.models import EndpointName, Kind, Manifest, ObjectKey, Observed
from gco_stream.core.route import Route, annotations_of
from tests.builders import DEPLOYMENT, INGRESS, NAME, SERVICE

OTHER = EndpointName("other")
NEWS, NO_NEWS = frozenset({NAME}), frozenset[EndpointName]()


def a_projection(name: str = NAME, *, version: int = 5, uid: str = "uid-1", digest: str = "as wanted") -> Manifest:
    return {"metadata": {"name": name, "uid": uid, "resourceVersion": str(version), "labels": {}}, "digest": digest}


def listed(*projections: Manifest, version: int = 10) -> Listed:
    return Listed(projections, str(version))


def a_mirror(*projections: Manifest, version: int = 10) -> Mirror:
    mirror = Mirror()
    mirror.take(Kind.DEPLOYMENT, listed(*projections, version=version))
    return mirror


def there(mirror: Mirror, name: EndpointName = NAME) -> Manifest | None:
    return mirror.observed(name).deployment(name)


def test_it_is_synced_once_every_kind_has_been_listed() -> None:
    mirror = Mirror()
    for kind in (Kind.DEPLOYMENT, Kind.SERVICE, Kind.AUTOSCALER):
        mirror.take(kind, listed())
    mirror.take(Kind.INGRESS, Shown(a_projection("inference-llama")))
    assert not all(mirror.has_listed(kind) for kind in Kind)

    mirror.take(Kind.INGRESS, listed())

    assert all(mirror.has_listed(kind) for kind in Kind)


@pytest.mark.behaviour("B4")
def test_a_kind_is_followed_from_its_list_on_unless_its_watch_broke_off_and_nothing_has_come_since() -> None:
    mirror = Mirror()
    followed = [mirror.is_followed(Kind.DEPLOYMENT)]

    for event in (listed(), None, Reached("11")):
        mirror.doubt(Kind.DEPLOYMENT) if event is None else mirror.take(Kind.DEPLOYMENT, event)
        followed.append(mirror.is_followed(Kind.DEPLOYMENT))

    assert followed == [False, True, False, True]


@pytest.mark.behaviour("B39")
def test_target_groups_are_counted_over_all_ingresses_with_those_of_canaries() -> None:
    mirror = a_mirror(a_projection())
    with_canary = a_projection("inference-other", uid="uid-2")
    with_canary["metadata"]["annotations"] = dict(annotations_of(Route(primary=90, canary=10), OTHER))

    mirror.take(Kind.INGRESS, listed(a_projection("inference-llama"), with_canary))

    assert mirror.target_groups() == 3


def test_an_endpoint_is_observed_with_all_of_its_objects_and_nobody_elses() -> None:
    mirror = Mirror()
    ours = [a_projection(), a_projection(), a_projection("inference-llama")]
    for kind, projection in zip((Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS), ours, strict=True):
        mirror.take(kind, Shown(projection))
    mirror.take(Kind.DEPLOYMENT, Shown(a_projection(OTHER, uid="uid-2")))

    assert mirror.observed(NAME) == Observed(objects=dict(zip((DEPLOYMENT, SERVICE, INGRESS), ours, strict=True)))


def test_the_very_first_list_of_a_kind_is_news_of_nobody() -> None:
    mirror = a_mirror()

    assert mirror.take(Kind.SERVICE, listed(a_projection())) == NO_NEWS
    assert mirror.take(Kind.SERVICE, listed(a_projection(version=11, digest="changed"), version=11)) == NEWS


def test_a_list_is_news_of_every_endpoint_in_it_that_was_not_known() -> None:
    mirror = a_mirror()

    news = mirror.take(Kind.DEPLOYMENT, listed(a_projection(), a_projection(OTHER, uid="uid-2"), version=11))

    assert news == {NAME, OTHER}


def test_a_list_is_news_of_what_is_no_longer_in_it() -> None:
    mirror = a_mirror(a_projection())

    assert mirror.take(Kind.DEPLOYMENT, listed(version=11)) == NEWS
    assert there(mirror) is None


def test_a_list_speaks_of_its_own_kind_alone() -> None:
    mirror = a_mirror(a_projection())

    assert mirror.take(Kind.SERVICE, listed(version=11)) == NO_NEWS
    assert there(mirror) is not None


def test_a_list_that_shows_what_is_known_is_no_news() -> None:
    mirror = a_mirror(a_projection())

    assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(), version=11)) == NO_NEWS


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"digest": "changed"}, NEWS),
        ({"uid": "uid-2"}, NEWS),
        ({}, NO_NEWS),
        ({"version": 5, "digest": "changed"}, NO_NEWS),
        ({"version": 4, "digest": "changed"}, NO_NEWS),
    ],
    ids=["content", "another object", "version alone", "same version", "older version"],
)
def test_an_event_is_news_if_it_is_newer_and_says_something_else(
    change: dict[str, Any], expected: frozenset[EndpointName]
) -> None:
    mirror = a_mirror(a_projection())

    assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(**{"version": 11} | change))) == expected
    assert version_of(there(mirror) or {}) == max(5, change.get("version", 11))


def test_versions_are_compared_as_numbers() -> None:
    mirror = a_mirror(a_projection(version=9))

    mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=11, digest="changed")))

    assert there(mirror) == a_projection(version=11, digest="changed")


def test_what_vanished_is_news_once() -> None:
    mirror = a_mirror(a_projection())

    assert mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=11))) == NEWS
    assert mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=11))) == NO_NEWS
    assert there(mirror) is None


def test_another_object_made_since_outlives_the_end_of_the_first() -> None:
    mirror = a_mirror(a_projection())
    another = a_projection(version=13, uid="uid-2")
    mirror.note(DEPLOYMENT, another)

    assert mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=12))) == NO_NEWS
    assert there(mirror) == another


def test_a_place_that_was_reached_is_no_news() -> None:
    assert a_mirror(a_projection()).take(Kind.DEPLOYMENT, Reached("11")) == NO_NEWS


def test_a_list_older_than_an_event_takes_nothing_back() -> None:
    mirror = a_mirror()
    mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=15)))

    assert mirror.take(Kind.DEPLOYMENT, listed(version=12)) == NO_NEWS
    assert there(mirror) == a_projection(version=15)


def test_a_list_under_way_does_not_bring_back_what_went_meanwhile() -> None:
    mirror = a_mirror(a_projection())
    mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=15)))

    assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(), version=12)) == NO_NEWS
    assert there(mirror) is None


def test_of_two_lists_the_older_one_says_nothing_though_it_comes_last() -> None:
    mirror = a_mirror(version=20)

    assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(), version=12)) == NO_NEWS
    assert there(mirror) is None


def test_a_watch_that_lags_behind_a_list_does_not_bring_back_what_the_list_no_longer_had() -> None:
    mirror = a_mirror(a_projection())
    mirror.take(Kind.DEPLOYMENT, listed(version=20))

    assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=15))) == NO_NEWS
    assert there(mirror) is None


def test_a_newer_list_repairs_what_was_lost_whatever_its_version() -> None:
    mirror = a_mirror(version=20)

    assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(version=5), version=30)) == NEWS
    assert there(mirror) == a_projection(version=5)


class TestAHistoryThatWentBack:
    """A database that was restored from a backup goes on with versions that had been given before."""

    def test_what_was_known_before_a_list_was_asked_for_does_not_outlive_it(self) -> None:
        mirror = a_mirror(a_projection(version=20, digest="lost"), a_projection(OTHER, uid="uid-2"), version=20)

        news = mirror.take(Kind.DEPLOYMENT, listed(a_projection(version=5), version=12), after=20)

        assert news == {NAME, OTHER}
        assert (there(mirror), there(mirror, OTHER)) == (a_projection(version=5), None)

    def test_events_count_from_the_list_on(self) -> None:
        mirror = a_mirror(a_projection(version=20), version=20)
        mirror.take(Kind.DEPLOYMENT, listed(a_projection(version=5), version=12), after=20)

        assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=13, digest="new"))) == NEWS
        assert mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=14))) == NEWS
        assert mirror.reached(Kind.DEPLOYMENT) == 14

    def test_what_was_deleted_in_the_lost_part_is_there_again(self) -> None:
        mirror = a_mirror(a_projection(version=15), version=15)
        mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=20)))

        assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(version=5), version=12), after=20) == NEWS
        assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=13, digest="new"))) == NEWS

    def test_a_history_that_has_caught_up_is_taken_as_it_is_now(self) -> None:
        mirror = a_mirror(a_projection(version=20, digest="lost"), version=20)

        assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(version=15), version=30), after=20) == NEWS

    def test_what_was_written_while_the_list_was_under_way_stays(self) -> None:
        mirror = a_mirror(a_projection(version=20), version=20)
        mirror.note(DEPLOYMENT, a_projection(version=25, digest="ours"))

        assert mirror.take(Kind.DEPLOYMENT, listed(a_projection(version=20), version=24), after=20) == NO_NEWS
        assert there(mirror) == a_projection(version=25, digest="ours")


def test_the_highest_version_of_all_that_was_shown_listed_noted_or_named_is_reached() -> None:
    mirror = a_mirror(version=10)

    reached = [mirror.reached(Kind.SERVICE), mirror.reached(Kind.DEPLOYMENT)]
    for step in (Shown(a_projection(version=12)), Reached("14"), Vanished(a_projection(version=16))):
        mirror.take(Kind.DEPLOYMENT, step)
        reached.append(mirror.reached(Kind.DEPLOYMENT))
    mirror.note(DEPLOYMENT, a_projection(version=18, uid="uid-2"))

    assert [*reached, mirror.reached(Kind.DEPLOYMENT)] == [0, 10, 12, 14, 16, 18]


@pytest.mark.behaviour("B14")
def test_an_object_that_got_its_label_back_is_seen_again() -> None:
    """An object without the label that is watched looks to the watch as if it were deleted."""
    mirror = a_mirror(a_projection())
    mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=11)))

    assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=12))) == NEWS
    assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=13, digest="changed"))) == NEWS


@pytest.mark.behaviour("B14")
def test_a_repair_that_is_noted_before_the_watch_tells_of_the_loss_stays() -> None:
    mirror = a_mirror(a_projection())
    mirror.note(DEPLOYMENT, a_projection(version=12))

    assert mirror.take(Kind.DEPLOYMENT, Vanished(a_projection(version=11))) == NO_NEWS
    assert there(mirror) == a_projection(version=12)


def test_our_own_write_is_no_news_when_the_watch_shows_it() -> None:
    mirror = a_mirror(a_projection())
    mirror.note(DEPLOYMENT, a_projection(version=11, digest="ours"))

    assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=11, digest="ours"))) == NO_NEWS
    assert mirror.take(Kind.DEPLOYMENT, Shown(a_projection(version=12, digest="theirs"))) == NEWS


def test_a_note_that_comes_after_what_followed_it_is_forgotten() -> None:
    mirror = a_mirror(a_projection(version=12, digest="theirs"), version=12)

    mirror.note(DEPLOYMENT, a_projection(version=11, digest="ours"))

    assert there(mirror) == a_projection(version=12, digest="theirs")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (DEPLOYMENT, "llama"),
        (SERVICE, "llama"),
        (INGRESS, "llama"),
        (ObjectKey(Kind.SERVICE, "inference-llama"), "inference-llama"),
        (ObjectKey(Kind.INGRESS, "inference-inference-llama"), "inference-llama"),
        (ObjectKey(Kind.INGRESS, "somebodys"), "somebodys"),
    ],
    ids=str,
)
def test_an_object_is_named_after_its_endpoint(key: ObjectKey, name: str) -> None:
    assert endpoints_of(key, {"metadata": {}}) == {name}
