"""Kubernetes quantities: ``1``, ``1000m`` and ``"1.0"`` are one and the same amount.

Suffixes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import ROUND_UP, Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    **{f"{letter}i": Decimal(1024 ** (power + 1)) for power, letter in enumerate("KMGTPE")},
}
_SMALLEST = Decimal("0.001")
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?")


def amount(quantity: object) -> Decimal | None:
    """Return the amount that a quantity stands for, or None if it is not a quantity.

    Kubernetes keeps no amount of a container's resources below a thousandth, and rounds up.
    """
    match = _QUANTITY.fullmatch(str(quantity).strip())
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    exact = Decimal(number + (exponent or "")) * _SUFFIXES[suffix or ""]
    return exact.quantize(_SMALLEST, rounding=ROUND_UP) if abs(exact) < 1 else exact
