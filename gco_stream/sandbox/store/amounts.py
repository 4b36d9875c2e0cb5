"""Quantities in the one way that the API server stores them: ``1.0`` becomes ``1``, ``4096Mi`` becomes ``4Gi``.

Source: https://pkg.go.dev/k8s.io/apimachinery/pkg/api/resource#Quantity
"""

import re
from decimal import ROUND_UP, Decimal

from gco_stream.core.quantities import amount

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {-3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}


def canonical(quantity: object) -> str | None:
    """Write a quantity as it is stored; None if it is none."""
    exact = amount(quantity)
    if exact is None:
        return None
    text = str(quantity).strip()
    if text.endswith("i") and abs(exact) >= 1024:
        return _binary(exact)
    return _decimal(exact, is_exponent=re.search(r"[eE][+-]?\d", text) is not None)


def _binary(exact: Decimal) -> str:
    whole, power = int(exact.to_integral_value(rounding=ROUND_UP)), 0
    while whole % 1024 == 0 and power < len(_BINARY) - 1:
        whole, power = whole // 1024, power + 1
    return f"{whole}{_BINARY[power]}"


def _decimal(exact: Decimal, *, is_exponent: bool) -> str:
    whole, power = int((exact * 1000).to_integral_value(rounding=ROUND_UP)), -3
    while whole and whole % 1000 == 0 and power < 18:
        whole, power = whole // 1000, power + 3
    if not whole:
        return "0"
    if is_exponent:
        return f"{whole}e{power}" if power else str(whole)
    return f"{whole}{_DECIMAL[power]}"
