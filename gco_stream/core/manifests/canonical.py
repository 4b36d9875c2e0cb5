"""One way to write each manifest."""

from typing import Any

from gco_stream.core.models import Manifest

_NOTHING: tuple[object, ...] = (None, {}, [])


def pruned(manifest: Manifest) -> Manifest:
    """Drop nulls, empty maps and empty lists, at every depth; strings stay, empty ones too.

    An apply that sends ``{}`` or ``null`` owns what it does not set, and some such fields replace pods.
    """
    return {field: _pruned(value) for field, value in manifest.items()}


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        # Most of a manifest are strings: each costs a look here, and no call.
        return {
            key: kept
            for key, entry in value.items()
            if (kept := entry if isinstance(entry, str) else _pruned(entry)) not in _NOTHING
        }
    if isinstance(value, list | tuple):
        return [_pruned(entry) for entry in value]
    return value
