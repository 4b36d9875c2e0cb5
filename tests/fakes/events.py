"""The ``Events`` port on a list."""

from gco_stream.core.events import Announcement
from tests.fakes.line import Line


class FakeEvents:
    """Events as they were written.

    Attributes:
        written: In order.
    """

    def __init__(self, *, line: Line | None = None) -> None:
        self.line = line or Line()
        self.written: list[Announcement] = []

    async def write(self, announcement: Announcement) -> None:
        await self.line.call("write_event", announcement.reason)
        self.written.append(announcement)

    def reasons(self, about: str | None = None) -> list[str]:
        return [one.reason for one in self.written if about in (None, one.about)]
