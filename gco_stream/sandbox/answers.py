"""Objects and lists as they are answered: whole, or only their metadata."""

import base64
import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from gco_stream.sandbox.store.errors import ApiError, bad_request, expired
from gco_stream.sandbox.store.kinds import Resource

Object = dict[str, Any]

_META = "meta.k8s.io/v1"
_MOST_LISTS = 100
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter."
)


def only_metadata(live: Object) -> Object:
    """Make what is answered to those who ask for metadata only."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": live["metadata"]}


def wants_metadata(accept: str) -> bool:
    """Whether only metadata are asked for, before anything else that could be given."""
    for one in accept.split(","):
        parameters = [part.strip() for part in one.split(";")]
        if parameters[0] not in ("application/json", "application/*", "*/*"):
            continue
        wanted = next((part for part in parameters if part.startswith("as=")), "")
        if wanted != "as=Table":
            return wanted.startswith("as=PartialObjectMetadata")
    return False


def deleted(resource: Resource, live: Object) -> Object:
    """Make what is answered when an object is gone."""
    group = {"group": resource.group} if resource.group else {}
    details = {"name": live["metadata"]["name"], **group, "kind": resource.plural, "uid": live["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def scale_of(deployment: Object) -> Object:
    """Make the ``Scale`` of a Deployment."""
    metadata, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": spec["replicas"]} if spec["replicas"] else {},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": ",".join(f"{name}={value}" for name, value in sorted(labels.items())),
        },
    }


class Lists:
    """Lists that are read page by page: what comes later is as it was when the first page was read."""

    def __init__(self) -> None:
        self._rest: OrderedDict[str, tuple[list[Object], str]] = OrderedDict()
        self._number = 0

    def page(self, resource: Resource, items: Sequence[Object], version: str, limit: int, *, is_thin: bool) -> Object:
        """Answer the first page."""
        return self._page(resource, list(items), version, limit, is_thin=is_thin)

    def next_page(self, resource: Resource, token: str, limit: int, *, is_thin: bool) -> Object:
        """Answer the page that a token stands for.

        Raises:
            ApiError: It is no token, or too old.
        """
        try:
            mark = json.loads(base64.urlsafe_b64decode(token))["start"]
        except (ValueError, KeyError, TypeError) as error:
            raise bad_request(f"continue key is not valid: {error}") from error
        if mark not in self._rest:
            raise expired(_TOO_OLD)
        items, version = self._rest[mark]
        return self._page(resource, items, version, limit, is_thin=is_thin)

    def _page(self, resource: Resource, items: list[Object], version: str, limit: int, *, is_thin: bool) -> Object:
        metadata: Object = {"resourceVersion": version}
        if limit and len(items) > limit:
            metadata |= {"continue": self._keep(items[limit:], version), "remainingItemCount": len(items) - limit}
            items = items[:limit]
        if is_thin:
            shown = [only_metadata(live) for live in items]
            return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": metadata, "items": shown}
        shown = [
            {field: value for field, value in live.items() if field not in ("kind", "apiVersion")} for live in items
        ]
        kind = f"{resource.kind}List"
        return {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata, "items": shown}

    def _keep(self, rest: list[Object], version: str) -> str:
        self._number += 1
        mark = str(self._number)
        self._rest[mark] = (rest, version)
        while len(self._rest) > _MOST_LISTS:
            self._rest.popitem(last=False)
        return base64.urlsafe_b64encode(json.dumps({"start": mark}).encode()).decode()


def too_large(version: int, current: int) -> ApiError:
    """A list is asked for as of a version that is yet to come."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    return ApiError(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1})
