"""What was found of AWS, the table and its stream, judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gco_stream.core.checkup import Finding, NoAnswer, Place, failed, fine, unknown, warning
from gco_stream.core.models import EndpointName, Item, Scope
from gco_stream.core.permissions import POLICY_FILE, STREAM_ACTIONS, TABLE_ACTIONS
from gco_stream.core.record import regions_of, status_in
from gco_stream.core.table_shape import RIGHT_KEY, VIEW, has_stream, is_on_demand, key_of, view_of
from gco_stream.core.wish import Unclear, read_request

_NETWORK = "check the network, and that DYNAMODB_REGION (or REGION) names a region that there is"
_CREDENTIALS = "attach a role (AWS_ROLE_ARN in a pod), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and _SECRET_ACCESS_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What AWS answered.

    Attributes:
        credentials: How credentials were found, or why none were.
        table: The table as DynamoDB describes it; None: there is none.
        actions: Each action that was tried, and why it was not carried out; None: it may be.
        is_throttled: Whether reading the stream was, since others read it as well.
    """

    credentials: str | NoAnswer
    table: Mapping[str, Any] | NoAnswer | None = None
    actions: Mapping[str, NoAnswer | None] = field(default_factory=dict)
    is_throttled: bool = False


def table_findings(place: Place, facts: TableFacts) -> Iterator[Finding]:
    """Judge what was found; where there are no credentials, nothing else could be asked."""
    match facts.credentials:
        case NoAnswer() as none if none.is_denied:
            yield failed("credentials", none.reason, _CREDENTIALS)
            return
        case NoAnswer() as none:
            yield unknown("credentials", none.reason, "check the network, and the role's trust policy")
            return
        case found:
            yield fine("credentials", f"found ({found})")
    yield from _of_table(place, facts)


def _of_table(place: Place, facts: TableFacts) -> Iterator[Finding]:
    which = f"{place.table} in {place.table_region}"
    match facts.table:
        case NoAnswer() as none if none.is_denied:
            yield failed("table", none.reason, _allow(place, "DescribeTable", is_stream=False))
        case NoAnswer() as none:
            yield unknown("table", none.reason, _NETWORK)
        case None:
            hint = "INFERENCE_ENDPOINTS_TABLE_NAME and DYNAMODB_REGION (or REGION) say which; "
            yield failed("table", f"there is no table {which}", hint + "`gco-stream table create` makes it")
        case table:
            yield from _of_description(which, table)
            yield from _of_actions(place, facts)


def _of_description(which: str, table: Mapping[str, Any]) -> Iterator[Finding]:
    status = table.get("TableStatus", "ACTIVE")
    if status not in ("ACTIVE", "UPDATING"):
        yield warning("table", f"{which} is {status}", "wait until it is ACTIVE: `gco-stream table describe`")
    elif not is_on_demand(table):
        detail = f"{which} has provisioned capacity: bursts may be throttled"
        yield warning("table", detail, "choose on-demand capacity")
    else:
        yield fine("table", which)
    if key_of(table) == RIGHT_KEY:
        yield fine("key", RIGHT_KEY)
    else:
        detail = f"the key of {which} is {key_of(table)}: it must be {RIGHT_KEY} alone"
        yield failed("key", detail, "a key cannot be changed: name another table, or `gco-stream table create` one")
    yield _of_stream(table)


def _of_stream(table: Mapping[str, Any]) -> Finding:
    if not has_stream(table):
        hint = "`gco-stream table enable-stream`"
        return warning("stream", "the table has no stream, so changes are found by resyncs alone", hint)
    if view_of(table) != VIEW:
        detail = f"the view type is {view_of(table)}, which costs needless looks: it should be {VIEW}"
        return warning("stream", detail, "disable the stream, then `gco-stream table enable-stream`")
    return fine("stream", VIEW)


def _of_actions(place: Place, facts: TableFacts) -> Iterator[Finding]:
    for check, actions in (("table permissions", TABLE_ACTIONS), ("stream permissions", STREAM_ACTIONS)):
        tried = {action: facts.actions[action] for action in actions if action in facts.actions}
        denied = [action for action, none in tried.items() if none is not None and none.is_denied]
        silent = [f"{action}: {none.reason}" for action, none in tried.items() if none and not none.is_denied]
        for action in denied:
            none = tried[action]
            reason = none.reason if none else ""
            yield failed(check, reason, _allow(place, action, is_stream=actions is STREAM_ACTIONS))
        if silent:
            yield unknown(check, "; ".join(silent), _NETWORK)
        elif tried and not denied:
            yield fine(check, ", ".join(tried))
    if facts.is_throttled:
        detail = "reads of the stream are throttled: others read it, too, and a shard bears two readers"
        yield warning("stream reads", detail, "end other readers (Lambda triggers, captures) of this stream")
    elif facts.actions.get("GetRecords", NoAnswer("")) is None:
        yield fine("stream reads", "not throttled")


def _allow(place: Place, action: str, *, is_stream: bool) -> str:
    arn = f"arn:aws:dynamodb:{place.table_region}:ACCOUNT:table/{place.table}{'/stream/*' if is_stream else ''}"
    return f"allow dynamodb:{action} on {arn} as {POLICY_FILE} does"


def records_finding(scope: Scope, items: Sequence[Item]) -> Finding:
    """Judge the records: whether any is meant for this region, can be read, and is reported by this cluster alone."""
    meant = [item for item in items if scope.region in (regions_of(item) or {scope.region})]
    named = sorted({region for item in items for region in regions_of(item) or ()})
    if items and not meant:
        detail = f"none of {len(items)} records names {scope.region} in target_regions, but {', '.join(named)}"
        return warning("records", detail, "REGION must be the region of this cluster: what they run here is removed")
    others = {str(status_in(item, scope.region).get("cluster") or scope.cluster) for item in meant} - {scope.cluster}
    if others:
        detail = f"{scope.region} is reported by {', '.join(sorted(others))}, and this is {scope.cluster}"
        return warning("records", detail, "only one cluster may have this REGION: check CLUSTER_NAME and REGION")
    unclear = [item for item in meant if _is_unclear(item, scope)]
    counts = f"{len(items)}, of which {len(meant)} are for {scope.region}"
    if unclear:
        names = ", ".join(sorted(str(item["endpoint_name"]) for item in unclear)[:5])
        hint = "they stay as they are until they are mended: `gco-stream plan`"
        return warning("records", f"{counts}, and {len(unclear)} cannot be understood ({names})", hint)
    return fine("records", counts)


def _is_unclear(item: Item, scope: Scope) -> bool:
    return isinstance(read_request(EndpointName(str(item["endpoint_name"])), item, scope).wish, Unclear)
