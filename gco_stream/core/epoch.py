"""Which leader wrote a status: later ones have higher epochs, and a status is never written over by an earlier one.

An epoch is the ``leaseTransitions`` that a leader's Lease has; that field is an int32.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any

from gco_stream.core.models import Item
from gco_stream.core.record import status_in

EPOCH = "epoch"
# One less than fits, so that a higher one does.
LARGEST = 2**31 - 2


def epoch_of(status: Mapping[str, Any], cluster: str) -> int:
    """Return the epoch that a leader of this cluster wrote a status in, 0 where there is none that can be one."""
    epoch = status.get(EPOCH)
    if status.get("cluster") != cluster or isinstance(epoch, bool) or not isinstance(epoch, int | Decimal):
        return 0
    return ceil(epoch) if 0 < epoch <= LARGEST else 0


def epoch_in(item: Item, region: str, cluster: str) -> int:
    """Return the epoch of a region's status in a record, 0 where there is none."""
    return epoch_of(status_in(item, region), cluster)
