"""A brake on deletions, and what it is told of a cluster."""

from collections.abc import Collection

from gco_stream.core.brake import GATHER_SECONDS, Brake, Released, Verdict
from gco_stream.core.models import EndpointName

START = 1000.0
LATER = START + GATHER_SECONDS


def names(count: int, *, prefix: str = "e") -> list[EndpointName]:
    return [EndpointName(f"{prefix}{number:03}") for number in range(count)]


ALL = names(100)


def never() -> Collection[EndpointName]:
    raise AssertionError("counting what there is takes long")


class Cluster:
    """A brake, and what it is told of a cluster with a hundred endpoints."""

    def __init__(self, *, known: Collection[EndpointName] = ALL, limit: int = 5, scanned: bool = True) -> None:
        self.brake = Brake(limit)
        self.known = set(known)
        if scanned:
            self.scan(())

    def scan(self, gone: Collection[EndpointName], *, now: float = START) -> frozenset[EndpointName]:
        return self.brake.note_scan(gone, self.known, now=now)

    def removed(self, *gone: EndpointName, now: float = START) -> set[Verdict]:
        """Let the stream tell of removals, and ask about each."""
        for name in gone:
            self.brake.note_removed(name)
        return self.ask(*gone, now=now)

    def ask(self, *gone: EndpointName, now: float = LATER) -> set[Verdict]:
        return {self.brake.ask(name, lambda: self.known, now=now) for name in gone}

    def let_go(self, *gone: EndpointName, now: float = LATER) -> None:
        """See some go, to the end."""
        self.removed(*gone, now=now - GATHER_SECONDS)
        assert self.ask(*gone, now=now) == {Released()}
        for name in gone:
            self.brake.forget(name)
            self.known.discard(name)

    def waiting(self) -> Collection[EndpointName]:
        return self.brake.waiting.endpoints if self.brake.waiting else ()
