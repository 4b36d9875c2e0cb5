"""Since when an endpoint that takes requests has had nobody to answer them.

The clock stands in the status, so that neither a restart nor another leader starts it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gco_stream.core.times import past, time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Since when the endpoint, and its canary, have had a share of traffic and no ready replica; None: not so."""

    primary: datetime | None = None
    canary: datetime | None = None


def read_clocks(status: Mapping[str, Any], *, now: datetime) -> Clocks:
    """Read the clocks from this region's last status; one that was set by a clock ahead of ours began just now."""
    canary = status.get("canary")
    of_canary = canary.get("unready_since") if isinstance(canary, Mapping) else None
    return Clocks(primary=past(time_of(status.get("unready_since")), now), canary=past(time_of(of_canary), now))


def unready_since(
    before: datetime | None, *, ready: int, is_wanted: bool, has_share: bool, now: datetime
) -> datetime | None:
    """Let a clock start, go on, or end.

    Args:
        before: Since when it has been going; None: it is not.
        is_wanted: Whether any replica is wanted.
        has_share: Whether requests come; a clock that has begun goes on without, until a replica is ready again.
    """
    if ready > 0 or not is_wanted:
        return None
    return before or (now if has_share else None)
