"""What people write into the table: records and changes, exactly as every known writer makes them.

No known writer locks anything, so a change carries what it was made from, and is written only if that still holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gco_stream.core.models import Item, Scope
from gco_stream.core.record import DesiredState, EndpointRecord, read_endpoint, read_record
from gco_stream.core.spec import EndpointSpec
from gco_stream.core.wish import Unclear, read_request
from gco_stream.errors import InvalidRecord, Problem, Shown, shown

Path = tuple[str, ...]

_STATE: Path = ("desired_state",)
_SPEC: Path = ("spec",)
# Where the write says since when the record is this one: a namesake made meanwhile is another endpoint.
ORIGIN: Path = ("created_at",)
"""What tells a record from a namesake."""
_WRITTEN_BY_OTHERS = frozenset({"created_at", "updated_at", "region_status"})
_RUNS = (DesiredState.DEPLOYING, DesiredState.RUNNING)
_KNOWN_FIELDS = frozenset(EndpointRecord.model_fields) | _WRITTEN_BY_OTHERS | {
    *("namespace", "spec", "ingress_path", "labels", "created_by")
}  # fmt: skip
_DEEPEST = 30
"""DynamoDB takes 32 levels, of which the item is the first."""
_MOST_DIGITS = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One conditional write to a record that exists.

    Attributes:
        before: The record as it was read.
        sets: What is written, by path: ``("spec", "replicas")`` is one field of the map ``spec``.
        unchanged: The paths that must still be as they were read.
        removes: What is taken away.
    """

    before: Item
    sets: Mapping[Path, Any]
    unchanged: tuple[Path, ...]
    removes: tuple[Path, ...] = ()

    @property
    def after(self) -> Item:
        """The record as it is then."""
        after = dict(self.before)
        for path, value in self.sets.items():
            _put(after, path, value)
        for path in self.removes:
            _drop(after, path)
        return after


def _put(item: dict[str, Any], path: Path, value: Any) -> None:
    first, *rest = path
    if rest:
        inner = item.get(first)
        item[first] = dict(inner) if isinstance(inner, Mapping) else {}
        _put(item[first], tuple(rest), value)
    else:
        item[first] = value


def _drop(item: dict[str, Any], path: Path) -> None:
    first, *rest = path
    if not rest:
        item.pop(first, None)
    elif isinstance(item.get(first), Mapping):
        item[first] = dict(item[first])
        _drop(item[first], tuple(rest))


def a_new_record(wanted: Item, *, namespace: str, regions: Sequence[str], now: datetime) -> Item:
    """Complete a record that is to be created.

    Args:
        wanted: What is said about it; ``endpoint_name`` at least. Times and statuses in it are not taken over.
        namespace: Where nothing else is said.
        regions: Where nothing else is said.
    """
    said = {key: as_written(value, key) for key, value in wanted.items() if key not in _WRITTEN_BY_OTHERS}
    written = time_written(now)
    defaults = {
        "target_regions": list(regions),
        "namespace": namespace,
        "spec": {},
        "ingress_path": f"/inference/{wanted.get('endpoint_name')}",
    }
    ours = {"desired_state": str(said.get("desired_state", DesiredState.DEPLOYING)), "region_status": {}}
    return defaults | said | ours | {"created_at": written, "updated_at": written}


def scaled(item: Item, replicas: int, *, now: datetime) -> Change:
    """Change the replica count, and nothing else."""
    count: Path = ("spec", "replicas")
    return Change(before=item, sets={count: replicas, ("updated_at",): time_written(now)}, unchanged=(ORIGIN, count))


def told(item: Item, state: DesiredState, *, now: datetime) -> Change:
    """Stop, start or delete: ``stopped``, ``running`` or ``deleted``."""
    return Change(
        before=item, sets={_STATE: state.value, ("updated_at",): time_written(now)}, unchanged=(ORIGIN, _STATE)
    )


def with_image(item: Item, image: str, *, now: datetime) -> Change:
    """Change the image."""
    spec = item["spec"] if isinstance(item.get("spec"), Mapping) else {}
    return respecified(item, {**spec, "image": image}, now=now)


def respecified(item: Item, spec: Mapping[str, Any], *, now: datetime) -> Change:
    """Write the whole spec, and ``deploying``, whatever it was before."""
    sets = {_SPEC: spec, _STATE: DesiredState.DEPLOYING.value, ("updated_at",): time_written(now)}
    return Change(before=item, sets=sets, unchanged=(ORIGIN, _SPEC, _STATE))


def applied(item: Item, wanted: Item, *, now: datetime) -> Change | None:
    """Bring a record to what is wanted of it; None if it is so already.

    Fields that ``wanted`` does not have stay as they are; ``spec`` is replaced whole. Whatever changes makes the
    endpoint ``deploying``, unless ``wanted`` says to stop or to delete it.
    """
    said = {key: as_written(value, key) for key, value in wanted.items() if key not in _WRITTEN_BY_OTHERS}
    state = str(said.pop("desired_state", DesiredState.DEPLOYING))
    different: dict[Path, Any] = {(key,): value for key, value in said.items() if item.get(key) != value}
    is_so = _is_same_state(item.get("desired_state"), state) or "desired_state" not in wanted
    if not different and is_so:
        return None
    sets = {**different, _STATE: state, ("updated_at",): time_written(now)}
    return Change(before=item, sets=sets, unchanged=(ORIGIN, _STATE, *different))


def _is_same_state(live: object, wanted: str) -> bool:
    return live == wanted or (live in _RUNS and wanted in _RUNS)


def time_written(now: datetime) -> str:
    """Write a time as every known writer does: ISO 8601 with microseconds."""
    return now.isoformat(timespec="microseconds")


def as_written(value: Any, path: str = "", *, depth: int = 1) -> Any:
    """Return a value as the table holds it: fractions are strings, as every known writer has them.

    Raises:
        InvalidRecord: A table cannot hold it.
    """
    if depth > _DEEPEST:
        raise InvalidRecord([Problem(path[:60], Shown("nested too deeply"), f"must have at most {_DEEPEST} levels")])
    if isinstance(value, Mapping):
        named = {_key(key, path): entry for key, entry in value.items()}
        return {key: as_written(entry, f"{path}.{key}", depth=depth + 1) for key, entry in named.items()}
    if isinstance(value, list | tuple):
        return [as_written(entry, f"{path}[{i}]", depth=depth + 1) for i, entry in enumerate(value)]
    if isinstance(value, float):
        return str(value)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) < 10**_MOST_DIGITS:
        return value
    raise InvalidRecord([Problem(path, value, "must be a string, a number, true, false, null, a list or a map")])


def _key(key: object, path: str) -> str:
    if isinstance(key, str):
        return key
    raise InvalidRecord([Problem(path, Shown(f"a map with the key {shown(key)}"), "must have strings as keys only")])


def problems_of(item: Item, scope: Scope) -> tuple[Problem, ...]:
    """Find everything that keeps a record from being understood, both of whether it should run and of how."""
    name = item.get("endpoint_name")
    if not isinstance(name, str) or not name:
        return (Problem("endpoint_name", name, "must be the endpoint's name"),)
    problems: dict[str, Problem] = {}
    for read in (lambda: read_record(item), lambda: read_endpoint(item, scope), lambda: _wish(item, scope)):
        try:
            read()
        except InvalidRecord as error:
            problems |= {problem.field: problem for problem in error.problems}
    return tuple(problems.values())


def _wish(item: Item, scope: Scope) -> None:
    """Read a record as a controller does, for what can be found only there."""
    wish = read_request(item["endpoint_name"], {**item, "target_regions": [scope.region]}, scope).wish
    if isinstance(wish, Unclear):
        raise InvalidRecord(wish.problems)


def dormant_problems(item: Item, scope: Scope) -> tuple[Problem, ...]:
    """Find what would be wrong with autoscaling if it were on; while it is off, no controller looks at it."""
    spec = item.get("spec")
    autoscaling = spec.get("autoscaling") if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(autoscaling, Mapping):
        return ()
    switched_on = {**item, "spec": {**spec, "autoscaling": {**autoscaling, "enabled": True}}}
    known = problems_of(item, scope)
    return tuple(problem for problem in problems_of(switched_on, scope) if problem not in known)


def unknown_fields(item: Item) -> tuple[str, ...]:
    """Name the fields that are kept but mean nothing to a controller: most often a slip of the pen."""
    spec = item.get("spec")
    known = EndpointSpec.model_fields
    inner = [f"spec.{key}" for key in spec if key not in known] if isinstance(spec, Mapping) else []
    return (*(key for key in item if key not in _KNOWN_FIELDS), *inner)
