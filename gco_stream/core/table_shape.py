"""What a table of endpoints must be like."""

from collections.abc import Iterator, Mapping
from typing import Any

KEY = "endpoint_name"
RIGHT_KEY = f"{KEY} (S, HASH)"
VIEW = "NEW_AND_OLD_IMAGES"


def has_stream(description: Mapping[str, Any]) -> bool:
    """Whether changes of the table can be followed at all."""
    return bool((description.get("StreamSpecification") or {}).get("StreamEnabled"))


def view_of(description: Mapping[str, Any]) -> str | None:
    """Return the view type of the table's stream, or None if it has none."""
    view = (description.get("StreamSpecification") or {}).get("StreamViewType")
    return str(view) if view and has_stream(description) else None


def is_on_demand(description: Mapping[str, Any]) -> bool:
    """Whether the table takes as many requests as come, and is paid by request."""
    return (description.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST"


def key_of(description: Mapping[str, Any]) -> str:
    """Return the table's key, as ``endpoint_name (S, HASH)``."""
    keys = {key["AttributeName"]: key["KeyType"] for key in description.get("KeySchema") or ()}
    kinds = {a["AttributeName"]: a["AttributeType"] for a in description.get("AttributeDefinitions") or ()}
    return ", ".join(f"{name} ({kinds.get(name)}, {role})" for name, role in keys.items())


def shape_differences(description: Mapping[str, Any]) -> Iterator[str]:
    """Say, a sentence each, in what a table as DynamoDB describes it is not what a controller needs."""
    if key_of(description) != RIGHT_KEY:
        yield f"its key is {key_of(description)}: it must be {RIGHT_KEY} alone, and a key cannot be changed"
    if not has_stream(description):
        yield "it has no stream: changes are found by the periodic resync only; see `gco-stream table enable-stream`"
    elif view_of(description) != VIEW:
        yield f"its stream has the view type {view_of(description)}: {VIEW} costs the controller fewer looks"
    if not is_on_demand(description):
        yield "its capacity is provisioned, not on demand: bursts may be throttled"
