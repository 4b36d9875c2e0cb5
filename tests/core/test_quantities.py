from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.quantities import amount


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1000m"),
        ("1", "1.0"),
        ("4Gi", "4096Mi"),
        ("4Gi", "4294967296"),
        ("1k", "1000"),
        ("1e3", "1000"),
        (1, "1"),
        (".5", "500m"),
    ],
)
def test_the_same_amount_is_equal_however_it_is_written(one: object, other: object) -> None:
    assert amount(one) == amount(other)


@pytest.mark.parametrize(("one", "other"), [("4G", "4Gi"), ("1", "1m"), ("1M", "1m"), ("1", "2"), ("1E", "1e")])
def test_different_amounts_differ(one: str, other: str) -> None:
    assert amount(one) != amount(other)


@pytest.mark.parametrize("text", ["", "lots", "4GB", "1 Gi", None, {}, "1e", "--1", "Gi"])
def test_what_is_no_quantity_has_no_amount(text: object) -> None:
    assert amount(text) is None


@given(number=st.integers(0, 10**9))
def test_a_thousand_millis_are_one(number: int) -> None:
    assert amount(f"{number * 1000}m") == amount(str(number)) == Decimal(number)
