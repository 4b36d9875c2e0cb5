"""What the records of a stream tell of each endpoint."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from gco_stream.core.changes import StreamRecord
from gco_stream.core.history import Histories, History, Told, Travel
from gco_stream.core.models import EndpointName, Item
from tests.builders import NAME, NOW, REGION, a_spec, a_status, an_item

pytestmark = pytest.mark.behaviour("B37")

_numbers = count(1)


def told(
    before: Item | None,
    after: Item | None,
    *,
    event: str | None = None,
    name: str = NAME,
    sequence: str | None = None,
    shard: str = "shard",
    seconds: float | None = 0.0,
    is_readable: bool = True,
) -> Told:
    guessed = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    number = f"{next(_numbers):021}" if sequence is None else sequence
    return Told(
        record=StreamRecord(
            name=EndpointName(name), before=before, after=after, sequence=number, is_readable=is_readable
        ),
        event=event or guessed,
        at=None if seconds is None else NOW + timedelta(seconds=seconds),
        shard=shard,
    )


def histories(*records: Told) -> Mapping[str, History]:
    heard = Histories(REGION)
    for record in records:
        heard.add(record)
    return {history.name: history for history in heard.all()}


def history(*records: Told) -> History:
    (only,) = histories(*records).values()
    return only


def with_replicas(replicas: int, **fields: Any) -> dict[str, Any]:
    return an_item(spec=a_spec(replicas=replicas), **fields)


def travels(*records: Told) -> dict[str, tuple[Any, Any, int]]:
    return {".".join(one.path): (one.before, one.after, one.steps) for one in history(*records).travels}


def test_records_are_counted_for_each_endpoint_with_their_first_and_last_time() -> None:
    heard = histories(
        told(an_item("b"), an_item("b", port=1), name="b", seconds=30),
        told(an_item("a"), an_item("a", port=1), name="a", seconds=10),
        told(an_item("b", port=1), an_item("b", port=2), name="b", seconds=20),
        told(an_item("b", port=2), an_item("b", port=3), name="b", seconds=None),
    )

    assert list(heard) == ["a", "b"]
    assert [one.records for one in heard.values()] == [1, 3]
    assert heard["b"].first == NOW + timedelta(seconds=20)
    assert heard["b"].last == NOW + timedelta(seconds=30)


def test_a_field_goes_from_its_first_value_to_its_last() -> None:
    assert travels(
        told(with_replicas(1), with_replicas(2)),
        told(with_replicas(2), with_replicas(5)),
        told(with_replicas(5), with_replicas(3)),
    ) == {"spec.replicas": (1, 3, 3)}


def test_a_field_that_came_back_is_told_of() -> None:
    assert travels(told(with_replicas(1), with_replicas(2)), told(with_replicas(2), with_replicas(1))) == {
        "spec.replicas": (1, 1, 2)
    }


def test_what_appears_and_what_goes_has_no_value_at_one_end() -> None:
    before, after = an_item(spec=a_spec(args=["a"])), an_item(spec=a_spec(env={"A": "1"}))

    assert travels(told(before, after)) == {"spec.args": (["a"], None, 1), "spec.env.A": (None, "1", 1)}


def test_a_record_that_is_made_and_one_that_is_removed_tell_all_their_fields() -> None:
    item = an_item(spec={"image": "a:v1"}, labels=..., region_status=..., created_at=...)
    fields = {"desired_state", "ingress_path", "namespace", "spec.image", "target_regions"}

    made, gone = travels(told(None, item)), travels(told(item, None))

    assert set(made) == set(gone) == fields
    assert made["spec.image"] == (None, "a:v1", 1)
    assert gone["spec.image"] == ("a:v1", None, 1)


def test_statuses_and_their_times_are_no_wishes() -> None:
    item = an_item(desired_state="running")
    heard = history(told(item, {**item, "region_status": {REGION: a_status()}, "updated_at": "later"}))

    assert (heard.records, heard.looks, heard.travels) == (1, 0, ())


def test_the_desired_state_is_one() -> None:
    assert travels(told(an_item(desired_state="running"), an_item(desired_state="stopped"))) == {
        "desired_state": ("running", "stopped", 1)
    }


def test_what_happened_between_two_records_is_told_of_too() -> None:
    assert travels(told(with_replicas(1), with_replicas(2)), told(with_replicas(7), with_replicas(8))) == {
        "spec.replicas": (1, 8, 3)
    }


def test_a_stream_of_new_images_alone_tells_from_the_first_of_them_on() -> None:
    first = told(None, with_replicas(1), event="MODIFY")
    second = told(None, with_replicas(2), event="MODIFY")

    assert travels(first) == {}
    assert travels(first, second) == {"spec.replicas": (1, 2, 1)}


def test_a_stream_of_keys_alone_tells_nothing_but_numbers() -> None:
    heard = history(told(None, None, event="MODIFY"), told(None, None, event="MODIFY"))

    assert (heard.records, heard.looks, heard.travels, heard.item) == (2, 2, (), None)


@pytest.mark.parametrize(
    ("event", "before", "after"), [("INSERT", None, None), ("MODIFY", an_item(), None)], ids=["made", "changed"]
)
def test_an_image_that_cannot_be_read_is_counted_and_not_taken_for_none(
    event: str, before: Item | None, after: Item | None
) -> None:
    heard = history(told(before, after, event=event, is_readable=False))

    assert heard.unreadable == 1
    assert heard.item is None
    assert heard.travels == ()


def test_what_follows_an_image_that_cannot_be_read_is_known_again() -> None:
    lost = told(with_replicas(1), None, event="MODIFY", is_readable=False)

    heard = history(lost, told(with_replicas(3), with_replicas(4)))

    assert heard.item == with_replicas(4)
    assert heard.travels == (Travel(path=("spec", "replicas"), before=1, after=4, steps=2),)


def test_the_last_image_is_kept_whole_and_none_is_left_of_what_was_removed() -> None:
    assert history(told(None, with_replicas(1)), told(with_replicas(1), with_replicas(2))).item == with_replicas(2)
    assert history(told(None, with_replicas(1)), told(with_replicas(1), None)).item == {}


def test_a_record_that_comes_twice_counts_once() -> None:
    first = told(with_replicas(1), with_replicas(2), sequence="9")
    second = told(with_replicas(2), with_replicas(3), sequence="10")

    heard = history(first, second, first, second)

    assert heard.records == 2
    assert heard.travels == (Travel(path=("spec", "replicas"), before=1, after=3, steps=2),)


def test_numbers_of_different_shards_have_nothing_to_do_with_each_other() -> None:
    parent = told(with_replicas(1), with_replicas(2), sequence="9", shard="parent")
    child = told(with_replicas(2), with_replicas(3), sequence="1", shard="child")

    assert history(parent, child).records == 2


class TestSecrets:
    def test_values_of_the_environment_are_hidden(self) -> None:
        before = an_item(spec=a_spec(env={"SAME": "s1", "OTHER": "s2", "GONE": "s3"}, replicas=1))
        after = an_item(spec=a_spec(env={"SAME": "s1", "OTHER": "s4", "NEW": "s5"}, replicas=2))

        hidden = {
            ".".join(one.path): (one.before, one.after)
            for one in map(Travel.without_secrets, history(told(before, after)).travels)
        }

        assert hidden == {
            "spec.env.GONE": ("(hidden)", None),
            "spec.env.NEW": (None, "(hidden)"),
            "spec.env.OTHER": ("(hidden)", "(hidden, another value)"),
            "spec.replicas": (1, 2),
        }

    def test_one_that_came_back_is_the_same_value(self) -> None:
        travel = Travel(path=("spec", "env", "A"), before="s1", after="s1", steps=2)

        assert (travel.without_secrets().before, travel.without_secrets().after) == ("(hidden)", "(hidden)")

    def test_an_environment_that_is_no_map_is_hidden_as_well(self) -> None:
        assert Travel(path=("spec", "env"), before=None, after="A=secret", steps=1).without_secrets().after == (
            "(hidden)"
        )
