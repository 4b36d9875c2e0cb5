"""Which leader wrote a status, and what cannot be its number."""

from decimal import Decimal
from typing import Any

import pytest

from gco_stream.core.epoch import LARGEST, epoch_in, epoch_of

pytestmark = pytest.mark.behaviour("B4")


@pytest.mark.parametrize(
    ("epoch", "read"),
    [
        (Decimal(7), 7),
        (7, 7),
        (Decimal("7.5"), 8),
        (LARGEST, LARGEST),
        (LARGEST + 1, 0),
        (Decimal("1e30"), 0),
        (-1, 0),
        ("7", 0),
        (True, 0),
        (None, 0),
        ([7], 0),
    ],
    ids=str,
)
def test_what_cannot_be_a_leaders_number_is_none(epoch: Any, read: int) -> None:
    assert epoch_of({"cluster": "gpu-1", "epoch": epoch}, "gpu-1") == read


@pytest.mark.parametrize("status", [{"epoch": 7}, {"epoch": 7, "cluster": "another"}, {"cluster": "gpu-1"}, {}])
def test_another_clusters_number_is_none(status: dict[str, Any]) -> None:
    assert epoch_of(status, "gpu-1") == 0


@pytest.mark.parametrize("statuses", [None, "x", [], {}, {"us-east-1": "x"}, {"us-east-1": None}], ids=str)
def test_a_record_without_a_readable_status_has_none(statuses: Any) -> None:
    assert epoch_in({"endpoint_name": "llama", "region_status": statuses}, "us-east-1", "gpu-1") == 0


def test_a_record_has_the_number_of_this_regions_status() -> None:
    here, there = {"cluster": "gpu-1", "epoch": Decimal(7)}, {"cluster": "gpu-1", "epoch": Decimal(9)}
    item = {"endpoint_name": "llama", "region_status": {"us-east-1": here, "eu-west-1": there}}

    assert epoch_in(item, "us-east-1", "gpu-1") == 7
