"""``gco-stream check``: whether a controller can work here."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.exits import Exit
from gco_stream.cli.printing import print_document, print_verdicts
from gco_stream.cli.telling import wrong_usage
from gco_stream.core.checkup import Finding, Place, Verdict, fine, unknown, warning, worst
from gco_stream.core.cluster_checkup import NAMESPACE, ClusterFacts, cluster_findings, lease_finding
from gco_stream.core.table_checkup import TableFacts, records_finding, table_findings
from gco_stream.errors import Transient
from gco_stream.settings import Settings, read_settings
from gco_stream.shell.clock import SystemClock

_EXITS: Mapping[Verdict, Exit] = {Verdict.FAILED: Exit.NO, Verdict.UNKNOWN: Exit.UNKNOWN}
_SLOW = 60

Account = Annotated[
    str | None,
    typer.Option(
        "--service-account", metavar="NAMESPACE/NAME", help="Whose permissions in the cluster to judge; else your own."
    ),
]


@command
def check(shape: Shape, service_account: Account = None) -> None:
    """Check whether a controller can work here, and say what to do where it cannot; nothing is changed.

    The environment is that of `gco-stream run`. Each line is ok, warning, failed, or unknown where it could not be
    found out. Exit code 0: nothing failed; 1: something did; 2: the settings are wrong; 3: it could not be found out.

    Example: REGION=us-east-1 gco-stream check --service-account gco-system/gco-inference-monitor-sa
    """
    finish(_check(shape, service_account or ""))


async def _check(shape: Shape, account: str) -> Exit:
    from gco_stream.preflight import look_around, place_of
    from gco_stream.shell.aws import new_session

    if account and len(list(filter(None, account.split("/")))) != 2:
        raise wrong_usage(f"--service-account is {account!r}: must be NAMESPACE/NAME")
    settings = read_settings(os.environ)
    place = place_of(settings, account=account)
    session = new_session(settings.table_region)
    regions = await session.get_available_regions("dynamodb")
    table, cluster = await look_around(place, session, whole=True)
    findings = [_of_settings(settings, regions), *_judged(place, table, cluster)]
    if isinstance(table.table, Mapping) and table.actions.get("Scan", table) is None:
        findings.append(await _of_records(settings))
    _print(findings, shape)
    return _EXITS.get(worst(findings), Exit.FINE)


def _judged(place: Place, table: TableFacts, cluster: ClusterFacts) -> Iterator[Finding]:
    yield from table_findings(place, table)
    yield from cluster_findings(place, cluster)
    if isinstance(cluster.server, str) and cluster.things.get(NAMESPACE, cluster) is not None:
        yield lease_finding(place, cluster.lease, now=SystemClock().now())


def _of_settings(settings: Settings, regions: Sequence[str]) -> Finding:
    strange = [region for region in {settings.region, settings.table_region} if region not in regions]
    if strange:
        detail = f"{strange[0]} is no region that AWS is known to have DynamoDB in"
        return warning("settings", detail, "check REGION and DYNAMODB_REGION")
    if settings.cluster_name == Settings.model_fields["cluster_name"].default:
        return warning("settings", "CLUSTER_NAME is not set", "set it: statuses and logs name it")
    interval = settings.reconcile_interval.total_seconds()
    if interval < _SLOW:
        detail = f"RECONCILE_INTERVAL_SECONDS is {interval:g}: the whole table is read so often"
        return warning("settings", detail, "take it away, unless the table has no stream: 300 is the default")
    return fine("settings", f"cluster {settings.cluster_name} in {settings.region}")


async def _of_records(settings: Settings) -> Finding:
    from gco_stream.app import scope_of
    from gco_stream.shell.writing import RecordWriter, table_client

    try:
        async with table_client(settings.table_region) as client:
            items = await RecordWriter(client, settings.table_name).all()
    except Transient as error:
        return unknown("records", str(error), "try again")
    return records_finding(scope_of(settings), items)


def _print(findings: Sequence[Finding], shape: Shape) -> None:
    if shape.is_text:
        print_verdicts(((str(one.verdict), one.check, str(one)) for one in findings), shape)
    else:
        print_document([_as_map(finding) for finding in findings], shape)


def _as_map(finding: Finding) -> Mapping[str, Any]:
    return {
        "check": finding.check,
        "verdict": str(finding.verdict),
        "detail": finding.detail,
        "hint": finding.hint or None,
    }
