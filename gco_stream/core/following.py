"""How far the regions are with what a record asks for, for whoever waits for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from gco_stream.core.conclusions import may_be_promoted
from gco_stream.core.models import Item
from gco_stream.core.record import DesiredState, read_record, regions_of, spec_hash, status_in
from gco_stream.errors import InvalidRecord

_RUNS = (DesiredState.DEPLOYING, DesiredState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One look.

    Attributes:
        lines: Each region's state, for people.
        is_done: Every target region is as the record asks.
        failure: Why it will not come about by itself, or None.
    """

    lines: tuple[str, ...] = ()
    is_done: bool = False
    failure: str | None = None


def look(asked: Item, now: Item | None) -> Progress:
    """Compare a record as it was written with how it is now.

    Args:
        asked: The record right after the write that is followed; a status that is still the same says nothing new.
        now: The record as it is now, or None if it is gone.
    """
    if now is None or now.get("created_at") != asked.get("created_at"):
        return _gone(asked)
    lines = tuple(_lines(now))
    superseded = _superseded(asked, now)
    if superseded is not None:
        return Progress(lines=lines, failure=superseded)
    if _is_done(now):
        return Progress(lines=lines, is_done=True)
    return Progress(lines=lines, failure="; ".join(_errors(asked, now)) or None)


def _gone(asked: Item) -> Progress:
    if asked.get("desired_state") == DesiredState.DELETED:
        return Progress(lines=("gone",), is_done=True)
    return Progress(lines=("gone",), failure="the record was removed meanwhile")


def _superseded(asked: Item, now: Item) -> str | None:
    before, after = asked.get("desired_state"), now.get("desired_state")
    if before != after and not (before in _RUNS and after in _RUNS):
        return f"somebody else wrote desired_state {after!r} meanwhile"
    if after in _RUNS and spec_hash(asked) != spec_hash(now):
        return "somebody else changed the record meanwhile"
    return None


def _is_done(now: Item) -> bool:
    if now.get("desired_state") in _RUNS:
        # A record counts as running where it could be promoted; it may have been already.
        wanted = {**now, "desired_state": DesiredState.DEPLOYING.value}
        try:
            return may_be_promoted(wanted, read_record(wanted))
        except InvalidRecord:
            return False
    if now.get("desired_state") == DesiredState.STOPPED:
        return all(status_in(now, region).get("state") == "stopped" for region in regions_of(now) or ())
    return False


def _errors(asked: Item, now: Item) -> Iterator[str]:
    for region in sorted(regions_of(now) or ()):
        status = status_in(now, region)
        if status.get("state") == "error" and status != status_in(asked, region):
            yield f"{region}: {status.get('error') or status.get('reason') or 'error'}"


def _lines(now: Item) -> Iterator[str]:
    for region in sorted(regions_of(now) or ()):
        status = status_in(now, region)
        if not status:
            yield f"{region}: no status yet"
            continue
        counts = f"{status.get('replicas_ready', 0)}/{status.get('replicas_desired', 0)}"
        words = (f"{region}:", status.get("state"), counts, status.get("reason"))
        yield " ".join(str(word) for word in words if word)
