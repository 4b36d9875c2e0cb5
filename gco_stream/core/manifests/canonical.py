"""One way to write each manifest."""

from collections.abc import Mapping
from typing import Any

from gco_stream.core.models import Manifest


def pruned(manifest: Manifest) -> Manifest:
    """Drop nulls, empty maps and empty lists, at every depth; strings stay, empty ones too.

    An apply that sends ``{}`` or ``null`` owns what it does not set, and some such fields replace pods.
    """
    return {field: _pruned(value) for field, value in manifest.items()}


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        entries = {key: _pruned(entry) for key, entry in value.items()}
        return {key: entry for key, entry in entries.items() if entry is not None and entry not in ({}, [])}
    if isinstance(value, list | tuple):
        return [_pruned(entry) for entry in value]
    return value
