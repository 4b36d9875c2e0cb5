"""The ``Meters`` as lists and counters."""

from collections import Counter

from gco_stream.meters import Ending, Meters


class FakeMeters(Meters):
    """Everything that was counted."""

    def __init__(self) -> None:
        self.endings: Counter[Ending] = Counter()
        self.adds = 0
        self.waits: list[float] = []
        self.works: list[tuple[float, bool]] = []
        self.answers: list[tuple[str, str, str]] = []
        self.waited: list[tuple[str, float]] = []
        self.events: Counter[str] = Counter()

    def pass_ended(self, ending: Ending) -> None:
        self.endings[ending] += 1

    def queued(self) -> None:
        self.adds += 1

    def handed_out(self, waited: float) -> None:
        self.waits.append(waited)

    def handed_back(self, worked: float, *, is_again: bool) -> None:
        self.works.append((worked, is_again))

    def answered(self, method: str, code: str, host: str, seconds: float) -> None:
        assert seconds >= 0
        self.answers.append((method, code, host))

    def fulfilled(self, until: str, seconds: float) -> None:
        self.waited.append((until, seconds))

    def announced(self, outcome: str) -> None:
        self.events[outcome] += 1
