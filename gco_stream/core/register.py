"""Finds who is at a place: under a name, or at a path, above it or below it."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Occupant = TypeVar("Occupant")


class Register(Generic[Occupant]):
    """Who is where.

    A place is a name, or a path that begins with ``/`` and does not end with it. Names meet where they are the same,
    paths also where one lies below the other: ``/a`` meets ``/a/b``, and neither meets ``/ab``.
    """

    def __init__(self) -> None:
        self._at: dict[str, tuple[Occupant, ...]] = {}
        self._paths: list[str] = []

    def add(self, occupant: Occupant, places: Iterable[str]) -> None:
        """Put somebody at places; several may be at the same."""
        for place in places:
            others = self._at.get(place, ())
            if not others and _is_path(place):
                self._paths.insert(bisect_left(self._paths, place), place)
            self._at[place] = (*others, occupant)

    def remove(self, occupant: Occupant, places: Iterable[str]) -> None:
        """Take somebody away from places where they were put."""
        for place in places:
            others = tuple(other for other in self._at[place] if other is not occupant)
            if others:
                self._at[place] = others
                continue
            del self._at[place]
            if _is_path(place):
                del self._paths[bisect_left(self._paths, place)]

    def touching(self, places: Iterable[str]) -> Iterator[Occupant]:
        """Find all who are at a place that meets one of these; somebody at several may come several times."""
        for place in places:
            yield from self._at.get(place, ())
            if _is_path(place):
                for met in (*_above(place), *self._below(place)):
                    yield from self._at.get(met, ())

    def _below(self, path: str) -> Iterator[str]:
        """Find them side by side in the sorted list, between ``/`` and the character that follows it."""
        first, end = bisect_left(self._paths, f"{path}/"), bisect_left(self._paths, f"{path}0")
        return iter(self._paths[first:end])


def meet(one: str, other: str) -> bool:
    """Whether two places cannot be two people's."""
    if one == other:
        return True
    return _is_path(one) and _is_path(other) and (one.startswith(f"{other}/") or other.startswith(f"{one}/"))


def _is_path(place: str) -> bool:
    return place.startswith("/")


def _above(path: str) -> Iterator[str]:
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
