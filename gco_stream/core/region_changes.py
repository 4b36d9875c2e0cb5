"""Which regions run an endpoint, and which have nothing to do with it any more."""

from datetime import datetime
from typing import Any

from gco_stream.core.models import Item
from gco_stream.core.record import DesiredState, regions_of, statuses_in
from gco_stream.core.writing import ORIGIN, Change, Path, time_written
from gco_stream.errors import InvalidRecord, Problem, Shown

_REGIONS: Path = ("target_regions",)


def with_region(item: Item, region: str, *, now: datetime) -> Change | None:
    """Add a target region; None if it is one already."""
    there = _in_order(item)
    return None if region in there else _retargeted(item, [*there, region], now)


def without_region(item: Item, region: str, *, now: datetime) -> Change | None:
    """Take a target region away; None if it is none.

    Raises:
        InvalidRecord: It is the last, of an endpoint that is not deleted.
    """
    there = _in_order(item)
    if region not in there:
        return None
    if len(there) == 1 and item.get("desired_state") != DesiredState.DELETED:
        expected = "is the last one: stop or delete the endpoint instead, or add another region first"
        raise InvalidRecord([Problem("target_regions", Shown(region), expected)])
    return _retargeted(item, [one for one in there if one != region], now)


def forgotten(item: Item, region: str) -> Change | None:
    """Drop what a region has said that is there no more; None if it has said nothing.

    Its status would keep ``deploying`` from becoming ``running`` and a deleted record from being purged for ever. Times
    stay as they are, since nothing is asked for that was not before.

    Raises:
        InvalidRecord: It is still a target.
    """
    if region in (regions_of(item) or ()):
        expected = f"is still a target: `gco-stream endpoint remove-region {item['endpoint_name']} {region}` first"
        raise InvalidRecord([Problem("target_regions", Shown(region), expected)])
    if region not in statuses_in(item):
        return None
    status = ("region_status", region)
    return Change(before=item, sets={}, unchanged=(ORIGIN, _REGIONS, status), removes=(status,))


def _in_order(item: Item) -> list[str]:
    """Return the target regions as they stand there, or in the order of their names where there is no order."""
    regions = item.get("target_regions")
    if isinstance(regions, list | tuple):
        return [str(region) for region in regions]
    return sorted(regions_of(item) or ())


def _retargeted(item: Item, regions: list[str], now: datetime) -> Change:
    sets: dict[Path, Any] = {_REGIONS: regions, ("updated_at",): time_written(now)}
    return Change(before=item, sets=sets, unchanged=(ORIGIN, _REGIONS))
