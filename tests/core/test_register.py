import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.register import Register, meet

places = st.lists(st.sampled_from(["a", "ab", "-"]), max_size=4).map(lambda parts: "/" + "/".join(parts)) | st.just("a")
usable = places.filter(lambda place: place != "/")


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        ("llama", "llama", True),
        ("llama", "llama-canary", False),
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a/b/c", "/a", True),
        ("/a", "/ab", False),
        ("/a/b", "/a/c", False),
        ("/a", "/a-b/c", False),
        ("a", "/a", False),
    ],
)
def test_paths_meet_where_one_lies_below_the_other(one: str, other: str, *, do: bool) -> None:
    assert meet(one, other) is do
    assert meet(other, one) is do


@given(st.lists(usable, max_size=8), st.sets(st.integers(0, 7)), usable)
def test_it_finds_exactly_those_that_a_search_through_all_finds(
    occupied: list[str], left: set[int], place: str
) -> None:
    register: Register[int] = Register()
    for number, there in enumerate(occupied):
        register.add(number, [there])
    for number in left & set(range(len(occupied))):
        register.remove(number, [occupied[number]])

    found = list(register.touching([place]))

    expected = [n for n, there in enumerate(occupied) if n not in left and meet(there, place)]
    assert sorted(found) == expected
