"""Looks around before anything is done: whether what the settings name is there, and may be used.

Mistakes that only a person can mend end the start; whatever cannot be found out now does not.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gco_stream.core.checkup import Finding, Place, Verdict, unknown
from gco_stream.core.cluster_checkup import ClusterFacts, cluster_findings
from gco_stream.core.table_checkup import TableFacts, table_findings
from gco_stream.errors import CannotWork
from gco_stream.settings import Settings
from gco_stream.shell.cluster_inquiry import ask_cluster, inquiring_connection
from gco_stream.shell.table_inquiry import ask_aws

if TYPE_CHECKING:
    from gco_stream.shell.aws import AwsSession

_log = logging.getLogger(__name__)

# An outage is no reason not to start, and not to be waited for.
_SECONDS = 10.0


def place_of(settings: Settings, *, account: str = "") -> Place:
    """Say where a controller with these settings is to work."""
    return Place(
        region=settings.region,
        cluster=settings.cluster_name,
        table=settings.table_name,
        table_region=settings.table_region,
        namespace=settings.namespace,
        lease_namespace=settings.lease_namespace,
        account=account,
    )


async def look_around(place: Place, session: "AwsSession", *, whole: bool) -> tuple[TableFacts, ClusterFacts]:
    """Ask AWS and the API server at once.

    Args:
        whole: Also what only endpoints need, and who leads.

    Raises:
        InvalidSettings: No API server is configured.
    """
    async with inquiring_connection() as connection, asyncio.TaskGroup() as group:
        table = group.create_task(ask_aws(session, place))
        cluster = group.create_task(ask_cluster(connection, place, whole=whole))
    return table.result(), cluster.result()


async def make_sure(settings: Settings, session: "AwsSession") -> None:
    """Find out whether work is possible at all, and tell what is in its way.

    Raises:
        CannotWork: It is not, and will not be before somebody has done something about it.
    """
    place = place_of(settings)
    findings: Sequence[Finding]
    try:
        async with asyncio.timeout(_SECONDS):
            table, cluster = await look_around(place, session, whole=False)
            findings = (*table_findings(place, table), *cluster_findings(place, cluster))
    except TimeoutError:
        findings = [unknown("all", f"no answer within {_SECONDS:g} s", "`gco-stream check` looks again")]
    for finding in findings:
        _tell(finding)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise CannotWork


def _tell(finding: Finding) -> None:
    facts = {"check": finding.check, "detail": finding.detail, "hint": finding.hint}
    match finding.verdict:
        case Verdict.FAILED:
            _log.error("cannot work like this", extra=facts)
        case Verdict.UNKNOWN:
            _log.warning("not everything could be checked", extra=facts)
        case Verdict.WARNING:
            _log.warning("not as it should be", extra=facts)
