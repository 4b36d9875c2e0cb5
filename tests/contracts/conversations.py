"""Requests to two API servers, and their answers side by side: what is by chance is masked, all the rest must agree."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.world.kubernetes import APPLY_PATCH, MERGE_PATCH, RESOURCES

JSON_PATCH = "application/json-patch+json"

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"10\.\d+\.\d+\.\d+")
_VERSION = re.compile(r'"resourceVersion": "(\d+)"')
# A patch after which an object cannot be read is answered with the whole of it.
_SENT = re.compile(r"Invalid value: \"\{.*\}\"(?=: )")
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler", "kwok", "kubelet")


@dataclass
class Conversation:
    """One namespace of one API server, and what it answered.

    Attributes:
        answers: Each as ``(code, body)``.
    """

    session: aiohttp.ClientSession
    namespace: str
    answers: list[tuple[int, Any]] = field(default_factory=list)

    def path(self, kind: str, name: str = "", *, namespace: str | None = None) -> str:
        api, plural, is_namespaced = RESOURCES[kind]
        scope = f"/namespaces/{namespace or self.namespace}" if is_namespaced else ""
        return f"{api}{scope}/{plural}" + (f"/{name}" if name else "")

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        **query: str,
    ) -> Any:
        """Send one request, note the answer, and return its body."""
        headers = {"Content-Type": content_type, "User-Agent": "curl/8.0"}
        content = None if body is None else json.dumps(body)
        async with self.session.request(method, path, data=content, params=query, headers=headers) as answer:
            text = await answer.text()
        self.answers.append((answer.status, json.loads(text)))
        return self.answers[-1][1]

    async def get(self, kind: str, name: str = "", **query: str) -> Any:
        return await self.ask("GET", self.path(kind, name), **query)

    async def create(self, manifest: Mapping[str, Any], **query: str) -> Any:
        return await self.ask("POST", self.path(manifest["kind"]), manifest, **query)

    async def apply(
        self, manifest: Mapping[str, Any], manager: str = "test", *, force: bool = True, **query: str
    ) -> Any:
        path = self.path(manifest["kind"], manifest["metadata"]["name"])
        query |= {"fieldManager": manager, "force": str(force).lower()}
        return await self.ask("PATCH", path, manifest, content_type=APPLY_PATCH, **query)

    async def merge(self, kind: str, name: str, patch: object, *, subresource: str = "", **query: str) -> Any:
        path = self.path(kind, name) + (f"/{subresource}" if subresource else "")
        return await self.ask("PATCH", path, patch, content_type=MERGE_PATCH, **query)

    async def patch(self, kind: str, name: str, *steps: Mapping[str, Any], **query: str) -> Any:
        return await self.ask("PATCH", self.path(kind, name), list(steps), content_type=JSON_PATCH, **query)

    async def put(self, manifest: Mapping[str, Any], *, subresource: str = "", **query: str) -> Any:
        path = self.path(manifest["kind"], manifest["metadata"]["name"]) + (f"/{subresource}" if subresource else "")
        return await self.ask("PUT", path, manifest, **query)

    async def delete(self, kind: str, name: str, **options: object) -> Any:
        return await self.ask("DELETE", self.path(kind, name), options or None)

    async def watch(self, kind: str, **query: str) -> list[Any]:
        """Follow a watch to its end, and note all of it."""
        params = {"watch": "true", "timeoutSeconds": "1", **query}
        async with self.session.get(self.path(kind), params=params) as answer:
            text = await answer.text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.answers.append((answer.status, lines))
        return lines


Story = Callable[[Conversation], Awaitable[object]]


def masked(conversation: Conversation) -> list[tuple[int, Any]]:
    """Write the answers without what is by chance; versions are told by their order."""
    shown = [(code, _without_controllers(body)) for code, body in conversation.answers]
    text = json.dumps(shown).replace(conversation.namespace, "NAMESPACE")
    versions = sorted({int(one) for one in _VERSION.findall(text)})
    ranks = {str(version): f"version {rank}" for rank, version in enumerate(versions)}
    text = _VERSION.sub(lambda found: f'"resourceVersion": "{ranks[found[1]]}"', text)
    uids: dict[str, str] = {}
    text = _UID.sub(lambda found: uids.setdefault(found[0], f"uid {len(uids)}"), text)
    text = _ADDRESS.sub("ADDRESS", _TIME.sub("TIME", text))
    answers: list[tuple[int, Any]] = [(code, body) for code, body in json.loads(text)]
    return answers


def _without_controllers(value: Any) -> Any:
    """Leave out what controllers add in their own time."""
    if isinstance(value, list):
        return [_without_controllers(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_controllers(entry) for name, entry in value.items()}
    if isinstance(kept.get("message"), str):
        kept["message"] = _SENT.sub("Invalid value: SENT", kept["message"])
    if "managedFields" in kept:
        kept["managedFields"] = _owners(kept["managedFields"])
    if isinstance(kept.get("annotations"), dict):
        kept["annotations"].pop("deployment.kubernetes.io/revision", None)
        if not kept["annotations"]:
            del kept["annotations"]
    return _without_their_writes(kept)


def _owners(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave the controllers out, and when somebody wrote: whether an entry says it is a matter of seconds."""
    kept = [{name: value for name, value in entry.items() if name != "time"} for entry in entries]
    others = [entry for entry in kept if entry.get("manager") not in _CONTROLLERS]
    return sorted(others, key=lambda entry: json.dumps(entry, sort_keys=True))


def _without_their_writes(kept: dict[str, Any]) -> dict[str, Any]:
    """Leave out which version it is where others write as well."""
    kind = str(kept.get("kind"))
    if kind in ("Deployment", "HorizontalPodAutoscaler") and "metadata" in kept:
        kept["metadata"].pop("resourceVersion", None)
        kept.pop("status", None)
    if kind == "Scale":
        kept["status"].pop("replicas", None)
    if kind.endswith("List"):
        kept["metadata"].pop("resourceVersion", None)
    return kept
