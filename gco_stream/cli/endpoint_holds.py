"""``gco-stream endpoint hold|release``: asking the controller of this region to leave an endpoint as it is."""

import os
from typing import Annotated

import typer

from gco_stream.cli.arguments import Name
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.printing import print_document, print_line
from gco_stream.core.models import EndpointName
from gco_stream.settings import read_settings

_UNSAID = "held by hand"


@command
def hold(
    shape: Shape,
    name: Name,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever finds it.")] = _UNSAID,
) -> None:
    """Let the controller of this region leave an endpoint as it is, whatever its record says, until `release`.

    It is an annotation on the Deployment, gco.io/hold, in the cluster that KUBECONFIG names; the controller writes the
    status and nothing else. An endpoint that is held loses no traffic to the watchdog either.

    Example: REGION=us-east-1 gco-stream endpoint hold chat --reason 'Ada looks into the crash'
    """
    finish(_hold(EndpointName(name), reason, shape))


@command
def release(shape: Shape, name: Name) -> None:
    """End a hold, whoever asked for it: the endpoint is kept as its record says again, at once.

    `gco-stream plan` shows before what that means.

    Example: REGION=us-east-1 gco-stream endpoint release chat
    """
    finish(_release(EndpointName(name), shape))


async def _hold(name: EndpointName, reason: str, shape: Shape) -> None:
    from gco_stream.shell.holds import Holds
    from gco_stream.shell.world import connected_api

    settings = read_settings(os.environ)
    async with connected_api(settings) as api:
        await Holds(api, settings.namespace).hold(name, reason)
    _say(name, "held", reason, shape)


async def _release(name: EndpointName, shape: Shape) -> None:
    from gco_stream.shell.holds import Holds
    from gco_stream.shell.world import connected_api

    settings = read_settings(os.environ)
    async with connected_api(settings) as api:
        was_held = await Holds(api, settings.namespace).release(name)
    _say(name, "released" if was_held else "is not held", None, shape)


def _say(name: EndpointName, what: str, held: str | None, shape: Shape) -> None:
    if shape.is_text:
        print_line(f"{name}: {what}", shape)
    else:
        print_document({"endpoint": name, "held": held}, shape)
