"""What a story is made of: scenes, what must hold at the end of each, and the stage that they are played on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from gco_stream.cli.demo.sight import Sight
from gco_stream.core.models import Item
from gco_stream.core.writing import Change

Made = Callable[[Item, datetime], Change | None]
"""Makes a change of a record at a time; None where there is nothing to change."""


class Stage(Protocol):
    """What the scenes can do: write to the table as people do, and change the cluster by hand."""

    async def create(self, name: str, spec: Mapping[str, Any]) -> None:
        """Put a new record, unchecked, as a script would."""
        ...

    async def change(self, name: str, make: Made) -> None:
        """Change a record."""
        ...

    async def edit(self, kind: str, name: str, path: str, value: Any) -> None:
        """Change one field of an object by hand; the path is a JSON pointer."""
        ...

    async def delete(self, kind: str, name: str) -> None:
        """Delete an object by hand."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold at the end of a scene.

    Attributes:
        endpoint: Whom it is about.
        text: What, for people.
        holds: Whether it is so.
    """

    endpoint: str
    text: str
    holds: Callable[[Sight], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is not as it must be.

    Attributes:
        expected: What should have been, and when.
        seen: What was there instead.
    """

    expected: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene of the story.

    Attributes:
        tells: What is about to happen and why it matters, in a sentence or two.
        commands: What somebody at a shell would have typed for it.
        act: What happens.
        checks: What must hold in the end.
        untouched: Endpoints that must stay published all the time.
    """

    title: str
    tells: str
    commands: tuple[str, ...] = ()
    act: Callable[[Stage], Awaitable[None]]
    checks: tuple[Check, ...]
    untouched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast everything goes, in seconds.

    Attributes:
        before: Time to read what is about to happen.
        after: Time to look at what has come of it.
        ready: How long a pod takes until it is ready.
        stop: How long a pod takes to go.
        warmup: ``CANARY_WARMUP_SECONDS``.
        drain: ``DRAIN_SECONDS``.
        threshold: ``INFERENCE_UNHEALTHY_THRESHOLD_SECONDS``.
        look: Time between two looks at the cluster.
    """

    before: float
    after: float
    ready: float
    stop: float
    warmup: float
    drain: float
    threshold: float
    look: float


USUAL = Pace(before=3.0, after=2.5, ready=3.0, stop=1.0, warmup=4.0, drain=2.0, threshold=6.0, look=0.2)
FAST = Pace(before=0.0, after=0.1, ready=0.3, stop=0.1, warmup=0.3, drain=0.2, threshold=0.7, look=0.1)
