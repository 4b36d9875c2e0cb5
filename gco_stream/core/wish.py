"""What a record asks of this cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.core.claim import Clash
from gco_stream.core.claims import Claims
from gco_stream.core.manifests.server import check_health_path
from gco_stream.core.models import EndpointName, Item, Scope, canary_name
from gco_stream.core.record import (
    DesiredState,
    Endpoint,
    EndpointRecord,
    read_endpoint,
    read_record,
    regions_of,
    status_in,
    statuses_in,
)
from gco_stream.errors import InvalidRecord, Problem


@dataclass(frozen=True, slots=True)
class Run:
    """Run the endpoint.

    Attributes:
        clash: Why its canary cannot be made, and is left out of the endpoint, or None.
    """

    endpoint: Endpoint
    clash: Clash | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Keep the endpoint's objects, but no pods."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Keep nothing of the endpoint in this cluster."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The record cannot be understood: touch nothing, and say what is wrong with it."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Another record has what this one asks for: touch nothing, and say whose it is."""

    clash: Clash


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no record: touch nothing, unless the brake lets go what is ours of the endpoint.

    Attributes:
        may_go: Whether it does.
        again_in: After how many seconds it is to be asked again; None: it need not be.
    """

    may_go: bool = False
    again_in: float | None = None


Wish = Run | Stop | Remove | Unclear | Blocked | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One look at one record.

    Attributes:
        item: The record as it is in the table, or None if there is none.
        record: Its first part, or None if that cannot be read.
        canary_name_is_taken: Whether an endpoint is called like its canary: what the poller left under that name is
            that endpoint's.
    """

    name: EndpointName
    item: Item | None
    record: EndpointRecord | None
    wish: Wish
    canary_name_is_taken: bool = False

    def concerns(self, region: str) -> bool:
        """Whether the record is meant for a region, or was; one whose regions cannot be read is meant for all."""
        regions = None if self.item is None else regions_of(self.item)
        return regions is None or region in regions or region in self.region_status

    def targets(self, region: str) -> bool:
        """Whether the record can be read and names a region as a target."""
        return self.record is not None and region in self.record.target_regions

    def status(self, region: str) -> Mapping[str, Any]:
        """Return a region's status in the record, empty if there is none or it is no map."""
        return status_in(self.item or {}, region)

    @property
    def spec(self) -> Mapping[str, object]:
        """The ``spec`` as it stands in the record, empty if there is none or it is no map."""
        spec = (self.item or {}).get("spec")
        return spec if isinstance(spec, Mapping) else {}

    @property
    def region_status(self) -> Mapping[str, object]:
        """Every region's status, empty if there is none or it is no map."""
        return statuses_in(self.item or {})


def read_request(name: EndpointName, item: Item | None, scope: Scope, claims: Claims | None = None) -> Request:
    """Read what a record asks of this cluster; a record that cannot be read is a wish of its own.

    Args:
        claims: What all records lay claim to; None: nobody is in this one's way.
    """
    if item is None:
        return Request(name=name, item=None, record=None, wish=Gone())
    try:
        record = read_record(item)
    except InvalidRecord as error:
        return Request(name=name, item=item, record=None, wish=Unclear(error.problems))
    wish = _wish(item, record, scope)
    clash = claims.rival_of(name) if claims is not None and isinstance(wish, Run) else None
    return Request(
        name=name,
        item=item,
        record=record,
        wish=wish if clash is None else _clashing(wish, clash),
        canary_name_is_taken=claims is not None and claims.knows(canary_name(name)),
    )


def _clashing(wish: Wish, clash: Clash) -> Wish:
    """Do without what another has: the whole endpoint, or its canary alone."""
    if not isinstance(wish, Run) or clash.field != "spec.canary":
        return Blocked(clash)
    spec = wish.endpoint.spec.model_copy(update={"canary": None})
    return Run(wish.endpoint.model_copy(update={"spec": spec}), clash)


def _wish(item: Item, record: EndpointRecord, scope: Scope) -> Wish:
    if record.desired_state is DesiredState.DELETED or scope.region not in record.target_regions:
        return Remove()
    if record.desired_state is DesiredState.STOPPED:
        return Stop()
    try:
        endpoint = read_endpoint(item, scope)
        check_health_path(endpoint)
    except InvalidRecord as error:
        return Unclear(error.problems)
    return Run(endpoint)
