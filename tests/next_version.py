"""The controller as a later version might be, with another pod template: ``python -m tests.next_version run``."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from gco_stream.__main__ import main
from gco_stream.core.manifests import pod, server
from gco_stream.core.models import Scope
from gco_stream.core.record import Endpoint

NEXT = str(int(pod.VERSION) + 1)
GRACE_SECONDS = 90
VARIABLE = {"name": "GCO_TEMPLATE", "value": NEXT}

_arguments, _pod_template = server.arguments, pod.pod_template


@contextmanager
def next_version() -> Iterator[None]:
    """Render as the next version would: servers at another path, other fields of the pod, and of its container."""
    with (
        patch.object(pod, "VERSION", NEXT),
        patch.object(pod, "pod_template", _next_template),
        patch.object(server, "arguments", _next_arguments),
    ):
        yield


def _next_arguments(endpoint: Endpoint) -> tuple[str, ...]:
    own_path = f"/inference/{endpoint.name}"
    return tuple(f"{own_path}/next" if argument == own_path else argument for argument in _arguments(endpoint))


def _next_template(endpoint: Endpoint, scope: Scope, *, app: str) -> dict[str, Any]:
    template = copy.deepcopy(_pod_template(endpoint, scope, app=app))
    template["spec"]["terminationGracePeriodSeconds"] = GRACE_SECONDS
    template["spec"]["containers"][0]["env"].append(VARIABLE)
    return template


if __name__ == "__main__":
    with next_version():
        main()
