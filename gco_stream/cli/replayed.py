"""What a replay shows of one endpoint: what its records were about, what would change now, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from gco_stream.cli.command import Shape
from gco_stream.cli.past import shown_time
from gco_stream.cli.planning import Planned, print_plan
from gco_stream.cli.printing import plain, print_line
from gco_stream.core.history import History
from gco_stream.errors import shown

_STATUS = ("state", "replicas_ready", "replicas_desired", "reason", "error")


class Outcome(Enum):
    """How the looks at an endpoint ended; the value is how it is said."""

    DONE = "carried out"
    LEFT = "not finished: the next controller goes on with it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One endpoint.

    Attributes:
        planned: The plan of now; None where no record makes a controller look, or no image says what the table has.
        is_gone: Whether there is no record any more.
        outcome: How carrying out went; None if that was not asked for.
        status: What this region reports after that.
    """

    history: History
    planned: Planned | None
    is_gone: bool = False
    outcome: Outcome | None = None
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_fine(self) -> bool:
        """Whether nothing is left to do."""
        if self.outcome is not None:
            return self.outcome is Outcome.DONE and self.status.get("state") != "error"
        return not self.history.looks if self.planned is None else self.planned.is_in_step

    def without_secrets(self) -> "Replayed":
        """Return the same with the values of environment variables hidden."""
        travels = tuple(travel.without_secrets() for travel in self.history.travels)
        planned = None if self.planned is None else self.planned.without_secrets()
        return replace(self, history=replace(self.history, travels=travels), planned=planned)

    def as_map(self) -> Mapping[str, Any]:
        """Return it for programs."""
        told = self.history
        first, last = (None if at is None else at.isoformat() for at in (told.first, told.last))
        counts = {"records": told.records, "looks": told.looks, "unreadable": told.unreadable}
        changes = [
            {"field": ".".join(one.path), "from": plain(one.before), "to": plain(one.after), "times": one.steps}
            for one in told.travels
        ]
        plan = None if self.planned is None else {k: v for k, v in self.planned.as_map().items() if k != "endpoint"}
        outcome = None if self.outcome is None else self.outcome is Outcome.DONE
        return {"endpoint": told.name, **counts, "first": first, "last": last, "told": changes} | {
            "gone": self.is_gone,
            "plan": plan,
            "carried_out": outcome,
            "status": {key: plain(self.status[key]) for key in _STATUS if key in self.status},
        }


def print_replayed(one: Replayed, shape: Shape) -> None:
    """Print one endpoint for people."""
    told = one.history
    echoes = told.records - told.looks
    when = "" if told.first is None else f", {shown_time(told.first)} to {shown_time(told.last)}"
    print_line(f"{told.name}: {told.records} records, {echoes} of them echoes{when}", shape)
    if told.unreadable:
        print_line(f"{told.name}: {told.unreadable} records have images that cannot be read", shape)
    for travel in told.travels:
        before, after = ("absent" if value is None else shown(plain(value)) for value in (travel.before, travel.after))
        steps = "" if travel.steps == 1 else f", in {travel.steps} steps"
        print_line(f"{told.name}: told: {'.'.join(travel.path)}: {before} → {after}{steps}", shape)
    if one.is_gone:
        print_line(f"{told.name}: has no record now", shape)
    if one.planned is None and told.looks:
        print_line(f"{told.name}: no image tells what its record is", shape)
    if one.planned is not None:
        print_plan(one.planned, shape)
        if one.planned.is_in_step:
            print_line(f"{told.name}: in step", shape)
    if one.outcome is not None:
        print_line(f"{told.name}: {one.outcome.value}{_state(one.status)}", shape)


def _state(status: Mapping[str, Any]) -> str:
    if not status:
        return ""
    why = status.get("error") or status.get("reason")
    return f": {status.get('state')}" + (f", {why}" if why else "")


def summarise_replayed(replayed: Sequence[Replayed], shape: Shape) -> None:
    """Print how many there were and how many are not as their records ask."""
    records = sum(one.history.records for one in replayed)
    out = sum(not one.is_fine for one in replayed)
    state = f"{out} not in step" if out else "all in step"
    if any(one.outcome is not None for one in replayed):
        state = f"{out} not carried out" if out else "all carried out"
    print_line(f"{records} records of {len(replayed)} endpoints; {state}", shape)
