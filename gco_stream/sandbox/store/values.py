"""Copies of JSON values; several times as fast as those that can copy anything."""

from typing import TypeVar

T = TypeVar("T")


def copied(value: T) -> T:
    """Return a value that shares nothing with this one that could change."""
    if isinstance(value, dict):
        return {name: copied(entry) for name, entry in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [copied(entry) for entry in value]  # type: ignore[return-value]
    return value
