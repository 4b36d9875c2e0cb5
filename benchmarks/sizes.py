"""How much each part does: what the goals speak of, or just enough to see that it works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Numbers of endpoints, records and changes, and seconds."""

    present: int = 200
    created: int = 80
    changed: int = 120
    polled: int = 20
    load_seconds: float = 30.0
    brought_up: tuple[int, ...] = (500, 2000)
    taken_over: int = 2000
    idle: int = 1000
    idle_seconds: float = 120.0
    running: int = 1000
    records: int = 10_000
    few: int = 100
    cost_changes: int = 150
    curve: int = 200
    curve_puts: int = 60
    fail_overs: int = 1
    standing: int = 50
    puts: int = 300
    backlog: int = 10_000
    shard_seconds: float = 66.0


FULL = Sizes()
SMALL = Sizes(
    present=10,
    created=5,
    changed=5,
    polled=3,
    load_seconds=5.0,
    brought_up=(20,),
    taken_over=30,
    idle=20,
    idle_seconds=5.0,
    running=20,
    records=200,
    few=10,
    cost_changes=10,
    curve=20,
    curve_puts=5,
    standing=3,
    puts=10,
    backlog=1500,
    shard_seconds=3.0,
)
