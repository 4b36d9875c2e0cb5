"""The ``Leases`` port on one object in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gco_stream.core.leadership import Lease
from gco_stream.errors import Conflict
from tests.fakes.line import Line


@dataclass
class Board:
    """The one Lease that several processes see.

    Attributes:
        lease: As it is; None: there is none.
        holders: Who held it after each write, by whomever.
    """

    lease: Lease | None = None
    holders: list[str] = field(default_factory=list)
    _versions: int = 0

    @property
    def holder(self) -> str:
        return self.lease.holder if self.lease else ""

    def put(self, lease: Lease) -> Lease:
        """Write it, whatever it was."""
        self._versions += 1
        whole = timedelta(seconds=round(lease.duration.total_seconds()))
        self.lease = replace(lease, version=str(self._versions), duration=whole)
        self.holders.append(lease.holder)
        return self.lease


class FakeLeases:
    """One process' view of a Lease.

    Attributes:
        after_write: Happens once, after a write has been done and before it is answered.
    """

    def __init__(self, *, line: Line | None = None, board: Board | None = None) -> None:
        self.line = line or Line()
        self.board = board or Board()
        self.after_write: Callable[[], object] | None = None

    async def read(self) -> Lease | None:
        await self.line.call("read_lease")
        return self.board.lease

    async def write(self, lease: Lease) -> Lease:
        await self.line.call("write_lease", lease.holder)
        if (self.board.lease.version if self.board.lease else None) != lease.version:
            raise Conflict("the lease is not as it was read")
        written = self.board.put(lease)
        if self.after_write is not None:
            then, self.after_write = self.after_write, None
            then()
        return written
