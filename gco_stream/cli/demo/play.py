"""Plays a story: lets each scene happen, watches what comes of it, and sees whether that is as it must be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, Protocol

from gco_stream.cli.demo.cluster import Cluster
from gco_stream.cli.demo.scenes import Check, Made, Pace, Problem, Scene
from gco_stream.cli.demo.sight import Endpoint, Sight, in_the_cluster, in_the_table, news, sight_of
from gco_stream.cli.demo.told import Source, Told, of_change, of_log, of_new_record
from gco_stream.core.models import EndpointName
from gco_stream.core.writing import a_new_record
from gco_stream.errors import Conflict
from gco_stream.ports import Clock
from gco_stream.shell.writing import RecordWriter


class View(Protocol):
    """Shows a story to whoever looks on."""

    def begins(self, number: int, of: int, scene: Scene) -> None:
        """Show that a scene begins."""
        ...

    def tells(self, told: Sequence[Told], since: datetime) -> None:
        """Show what was told of; ``since`` is when the scene's first write was."""
        ...

    def sees(self, seen: Sight, checks: Sequence[tuple[Check, bool]]) -> None:
        """Show what everything looks like, and which checks hold."""
        ...

    def holds(self, scene: Scene, seconds: float) -> None:
        """Show that all checks of a scene hold, and after which time."""
        ...

    def fails(self, scene: Scene, problems: Sequence[Problem]) -> None:
        """Show why a scene has failed; what was seen last is told after it."""
        ...


@dataclass(kw_only=True)
class Play:
    """The stage of the scenes, and the one who looks on.

    Attributes:
        patience: Seconds after which what does not hold has failed.
        heard: The lines of the controller's log that nobody has been told yet.
    """

    records: RecordWriter
    cluster: Cluster
    clock: Clock
    view: View
    pace: Pace
    region: str
    namespace: str
    patience: float
    heard: list[Mapping[str, Any]]
    _pending: list[Told] = field(default_factory=list)
    _seen: Sight = field(default_factory=dict)
    _decided: dict[str, Told] = field(default_factory=dict)
    _since: datetime | None = None

    async def create(self, name: str, spec: Mapping[str, Any]) -> None:
        """Put a new record, unchecked, as a script would."""
        wanted = {"endpoint_name": name, "spec": spec}
        item = a_new_record(wanted, namespace=self.namespace, regions=[self.region], now=self.clock.now())
        self._tell(Source.TABLE, name, of_new_record(item))
        await self.records.create(item)

    async def change(self, name: str, make: Made) -> None:
        """Change a record; where the controller has written in the same moment, what it wrote stays."""
        while True:
            item = await self.records.get(EndpointName(name))
            change = None if item is None else make(item, self.clock.now())
            if change is None:
                raise Conflict(f"the record of {name} is gone, or not what the story has made of it")
            try:
                await self.records.change(change)
            except Conflict:
                continue
            self._tell(Source.TABLE, name, of_change(change))
            return

    async def edit(self, kind: str, name: str, path: str, value: Any) -> None:
        """Change one field of an object by hand; the path is a JSON pointer."""
        self._tell(Source.BY_HAND, name, f"{kind} {name}: {path.strip('/').replace('/', '.')} = {value}")
        await self.cluster.edit(kind, name, path, value)

    async def delete(self, kind: str, name: str) -> None:
        """Delete an object by hand."""
        self._tell(Source.BY_HAND, name, f"{kind} {name} deleted")
        await self.cluster.delete(kind, name)

    async def play(self, scenes: Sequence[Scene]) -> bool:
        """Play scene after scene, and return whether all has come about; the first that fails is the last."""
        await self._look(())
        for number, scene in enumerate(scenes, start=1):
            self.view.begins(number, len(scenes), scene)
            await self._look_on(self.pace.before, scene.checks)
            began, self._since = self.clock.monotonic(), self.clock.now()
            await scene.act(self)
            problems = await self._until_it_holds(scene, began + self.patience)
            if problems:
                self.view.fails(scene, problems)
                self.view.tells([*self._last_picture()], self._since)
                return False
            self.view.holds(scene, self.clock.monotonic() - began)
            await self._look_on(self.pace.after, scene.checks)
        return True

    async def look_on(self) -> NoReturn:
        """Only watch, for ever."""
        while True:
            await self._look(())
            await self.clock.sleep(self.pace.look)

    async def _look_on(self, seconds: float, checks: Sequence[Check]) -> None:
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            await self._look(checks)
            await self.clock.sleep(self.pace.look)

    async def _until_it_holds(self, scene: Scene, until: float) -> Sequence[Problem]:
        """Watch until all checks hold, and return what is wrong if that does not happen."""
        while True:
            missing = await self._look(scene.checks)
            lost = [name for name in scene.untouched if name not in self._seen or self._seen[name].route is None]
            if lost:
                expected = "all the time: {} gets the requests for its path"
                return [Problem(expected=expected.format(name), seen=self._what_is_of(name)) for name in lost]
            if not missing:
                return ()
            if self.clock.monotonic() >= until:
                expected = f"within {self.patience:g} s: {{}}"
                return [
                    Problem(expected=expected.format(check.text), seen=self._what_is_of(check.endpoint))
                    for check in missing
                ]
            await self.clock.sleep(self.pace.look)

    async def _look(self, checks: Sequence[Check]) -> Sequence[Check]:
        """Look at everything once, tell what is new, and return the checks that do not hold."""
        seen = sight_of(await self.records.all(), self.cluster.objects(), self.region)
        at = self.clock.now()
        for name, text in news(self._seen, seen):
            self._pending.append(Told(at=at, source=Source.CLUSTER, endpoint=name, text=text))
        self._seen = seen
        lines = [told for line in self.heard for told in of_log(line)]
        told = sorted([*self._pending, *lines], key=lambda told: told.at)
        self._decided |= {one.endpoint: one for one in told if one.source is Source.CONTROLLER and one.endpoint}
        self._pending.clear()
        self.heard.clear()
        if told:
            self.view.tells(told, self._since or told[0].at)
        judged = [(check, check.holds(seen)) for check in checks]
        self.view.sees(seen, judged)
        return [check for check, holds in judged if not holds]

    def _what_is_of(self, name: str) -> str:
        endpoint = self._seen.get(name)
        return "nothing of it" if endpoint is None else f"{in_the_table(endpoint)}; {in_the_cluster(endpoint)}"

    def _last_picture(self) -> Iterator[Told]:
        """Tell all that there is, endpoint by endpoint, and the last that the controller has said of each."""
        at = self.clock.now()
        for name in sorted(self._seen.keys() | self._decided.keys()):
            endpoint = self._seen.get(name, Endpoint(name=name))
            yield Told(at=at, source=Source.TABLE, endpoint=name, text=in_the_table(endpoint))
            if name in self._decided:
                yield self._decided[name]
            yield Told(at=at, source=Source.CLUSTER, endpoint=name, text=in_the_cluster(endpoint))

    def _tell(self, source: Source, endpoint: str, text: str) -> None:
        self._pending.append(Told(at=self.clock.now(), source=source, endpoint=endpoint, text=text))
