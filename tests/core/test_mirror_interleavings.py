"""Whatever order lists, events and our own writes arrive in, the mirror ends up with what is there."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.mirror import Listed, Mirror, Shown, Vanished, WatchEvent
from gco_stream.core.models import Kind, Manifest, ObjectKey
from tests.builders import NAME
from tests.core.test_mirror import OTHER, a_projection, there


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
            case "relist" if version >= max(place, mirror.reached(Kind.DEPLOYMENT)):
                place, after = version, mirror.reached(Kind.DEPLOYMENT)
                list_now = Listed(tuple(history.moments[version].values()), str(version))
                mirror.take(Kind.DEPLOYMENT, list_now, after=after)
            case "note" if isinstance(shown := history.events.get(version), Shown):
                mirror.note(ObjectKey(Kind.DEPLOYMENT, shown.projection["metadata"]["name"]), shown.projection)
    for version in range(place + 1, history.last + 1):
        mirror.take(Kind.DEPLOYMENT, history.events[version])

    end = history.moments[history.last]
    assert {name: there(mirror, name) for name in (NAME, OTHER)} == {name: end.get(name) for name in (NAME, OTHER)}
