"""What has happened, in order: what a watch tells. Only the newest part is kept, and who asks for more gets 410."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.sandbox.store.errors import expired

Object = dict[str, Any]
Selector = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one object.

    Attributes:
        version: The ``resourceVersion`` that it made.
        before: The object before; None where there was none.
        after: The object after; None where it is gone.
    """

    version: int
    kind: str
    namespace: str
    before: Object | None
    after: Object | None

    def seen_by(self, is_selected: Selector) -> tuple[str, Object] | None:
        """Return the watch event of it for those who see only a part; None where it does not concern them."""
        was = self.before is not None and is_selected(self.before)
        if self.after is not None and is_selected(self.after):
            return ("MODIFIED" if was else "ADDED"), self.after
        if was and self.before is not None:
            # With the content that it had last, and the version that took it away.
            metadata = {**self.before["metadata"], "resourceVersion": str(self.version)}
            return "DELETED", {**self.before, "metadata": metadata}
        return None


class History:
    """The newest changes of a store."""

    def __init__(self, *, keep: int) -> None:
        self._changes: deque[Change] = deque(maxlen=keep)
        self._forgotten = 0

    def add(self, change: Change) -> None:
        """Note a change; the oldest may be forgotten for it."""
        if len(self._changes) == self._changes.maxlen:
            self._forgotten = self._changes[0].version
        self._changes.append(change)

    def forget(self) -> None:
        """Forget everything so far."""
        self._forgotten = self._changes[-1].version if self._changes else self._forgotten
        self._changes.clear()

    def since(self, version: int, kind: str, namespace: str | None) -> Iterator[Change]:
        """Return what came after a version, of one kind, in one namespace or in all.

        Raises:
            ApiError: 410, some of it is forgotten.
        """
        if version < self._forgotten:
            raise expired(f"too old resource version: {version} ({self._forgotten})")
        newer = (change for change in self._changes if change.version > version)
        return (one for one in newer if one.kind == kind and namespace in (None, one.namespace))
