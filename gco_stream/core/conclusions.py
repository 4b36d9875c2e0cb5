"""What follows for a record from every region's status."""

from collections.abc import Mapping
from datetime import timedelta

from gco_stream.core.models import Item
from gco_stream.core.record import DesiredState, EndpointRecord, spec_hash
from gco_stream.core.status import State
from gco_stream.core.times import time_of

_POLLERS_MOMENT = timedelta(seconds=1)


def may_be_promoted(item: Item, record: EndpointRecord) -> bool:
    """Whether ``deploying`` has come true: every target region runs the spec as it is now."""
    if record.desired_state is not DesiredState.DEPLOYING:
        return False
    wanted = spec_hash(item)
    return all(_runs(record.region_status.get(region), wanted, item) for region in record.target_regions)


def _runs(status: object, wanted: str, item: Item) -> bool:
    if not isinstance(status, Mapping) or status.get("state") != State.RUNNING:
        return False
    if "observed_spec" in status:
        return bool(status["observed_spec"] == wanted)
    # A region without it is kept by the poller, which sets ``updated_at`` a moment after the status it writes with it.
    written, updated = time_of(status.get("last_sync")), time_of(item.get("updated_at"))
    return written is not None and updated is not None and written > updated - _POLLERS_MOMENT


def may_be_purged(record: EndpointRecord) -> bool:
    """Whether nothing is left of a deleted endpoint anywhere: every region that has to do with it says so."""
    regions = record.target_regions | record.region_status.keys()
    statuses = (record.region_status.get(region) for region in regions)
    gone = all(isinstance(status, Mapping) and status.get("state") == State.DELETED for status in statuses)
    return record.desired_state is DesiredState.DELETED and gone
