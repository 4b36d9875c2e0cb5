"""Whatever order lists, events and our own writes arrive in, the mirror ends up with what is there."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.mirror import Listed, Mirror, Reached, Shown, Vanished, WatchEvent, endpoints_of, version_of
from gco_stream.core.models import EndpointName, Kind, Manifest, ObjectKey, Observed
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


def test_an_endpoint_is_observed_with_all_of_its_objects_and_nobody_elses() -> None:
    mirror = Mirror()
    ours = [a_projection(), a_projection(), a_projection("inference-llama")]
    for kind, projection in zip((Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS), ours, strict=True):
        mirror.take(kind, Shown(projection))
    mirror.take(Kind.DEPLOYMENT, Shown(a_projection(OTHER, uid="uid-2")))

    assert mirror.observed(NAME) == Observed(objects=dict(zip((DEPLOYMENT, SERVICE, INGRESS), ours, strict=True)))


def test_a_list_is_news_of_every_endpoint_in_it() -> None:
    mirror = Mirror()

    news = mirror.take(Kind.DEPLOYMENT, listed(a_projection(), a_projection(OTHER, uid="uid-2")))

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


@dataclass
class History:
    """One kind's objects through time; every change gets a version of its own.

    Attributes:
        events: What a watch from the beginning shows, by version.
        moments: What a list shows, by version.
    """

    events: dict[int, WatchEvent] = field(default_factory=dict)
    moments: dict[int, dict[str, Manifest]] = field(default_factory=lambda: {100: {}})
    hidden: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return max(self.moments)

    def happen(self, name: str, what: str) -> None:
        """Let an object be made or changed, be deleted, or lose the label that is watched."""
        version, there = self.last + 1, dict(self.moments[self.last])
        known = there.pop(name, None)
        if what == "change" or known is None:
            uid = known["metadata"]["uid"] if known else self.hidden.pop(name, f"uid-{version}")
            there[name] = a_projection(name, version=version, uid=uid, digest=f"at {version}")
            self.events[version] = Shown(there[name])
        else:
            uid = known["metadata"]["uid"]
            self.events[version] = Vanished(a_projection(name, version=version, uid=uid))
            if what == "hide":
                self.hidden[name] = uid
        self.moments[version] = there


happenings = st.lists(
    st.tuples(st.sampled_from([NAME, OTHER]), st.sampled_from(["change", "change", "delete", "hide"])),
    min_size=1,
    max_size=10,
)
deliveries = st.lists(
    st.tuples(st.sampled_from(["event", "event", "list", "relist", "note"]), st.integers(0, 9)), max_size=20
)


@given(happenings=happenings, deliveries=deliveries)
def test_from_any_interleaving_the_mirror_ends_with_what_is_there(
    happenings: list[tuple[str, str]], deliveries: list[tuple[str, int]]
) -> None:
    """One watch in its own order, now and then begun anew; lists and our own writes' answers as late as you like."""
    history, mirror = History(), Mirror()
    for name, what in happenings:
        history.happen(name, what)

    place = 100
    mirror.take(Kind.DEPLOYMENT, Listed((), "100"))
    for delivery, number in deliveries:
        version = 100 + number % (history.last - 99)
        match delivery:
            case "event" if place < history.last:
                place += 1
                mirror.take(Kind.DEPLOYMENT, history.events[place])
            case "list":
                mirror.take(Kind.DEPLOYMENT, Listed(tuple(history.moments[version].values()), str(version)))
            case "relist" if version >= place:
                place = version
                mirror.take(Kind.DEPLOYMENT, Listed(tuple(history.moments[version].values()), str(version)))
            case "note" if isinstance(shown := history.events.get(version), Shown):
                mirror.note(ObjectKey(Kind.DEPLOYMENT, shown.projection["metadata"]["name"]), shown.projection)
    for version in range(place + 1, history.last + 1):
        mirror.take(Kind.DEPLOYMENT, history.events[version])

    end = history.moments[history.last]
    assert {name: there(mirror, name) for name in (NAME, OTHER)} == {name: end.get(name) for name in (NAME, OTHER)}
