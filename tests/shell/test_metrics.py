import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from gco_stream.core.readings import Reading, readings_of
from gco_stream.core.vitals import Vitals
from gco_stream.meters import Ending
from gco_stream.shell.metrics import PrometheusMeters
from tests.core.a_reading import a_leader, a_standby

pytestmark = pytest.mark.behaviour("B39")


def samples(meters: PrometheusMeters, *readings: Reading) -> dict[str, float]:
    """Everything on the page, by name and labels."""
    families = text_string_to_metric_families(meters.page(readings).decode())
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("ending", "result", "also"),
    [
        (Ending.SUCCESS, "success", None),
        (Ending.AGAIN_LATER, "requeue_after", None),
        (Ending.AGAIN_AT_ONCE, "requeue", None),
        (Ending.FAILED, "error", "errors"),
        (Ending.REFUSED, "error", "terminal"),
        (Ending.TIMED_OUT, "error", "timeouts"),
        (Ending.CRASHED, "error", "panics"),
    ],
)
def test_a_pass_is_counted_as_controller_runtime_would(ending: Ending, result: str, also: str | None) -> None:
    meters, name = PrometheusMeters(), "controller_runtime_"
    special = {
        "terminal": f"{name}terminal_reconcile_errors_total controller=endpoint",
        "timeouts": f"{name}reconcile_timeouts_total controller=endpoint",
        "panics": f"{name}reconcile_panics_total controller=endpoint",
    }

    meters.pass_ended(ending)

    page = samples(meters)
    assert {key for key, value in page.items() if key.startswith(f"{name}reconcile_total") and value} == {
        f"{name}reconcile_total controller=endpoint result={result}"
    }
    assert page[f"{name}reconcile_errors_total controller=endpoint"] == (result == "error")
    assert {kind for kind, series in special.items() if page[series]} == ({also} & special.keys())


def test_what_has_not_happened_yet_is_0() -> None:
    page = samples(PrometheusMeters())

    assert page["controller_runtime_reconcile_total controller=endpoint result=error"] == 0
    assert page["controller_runtime_reconcile_panics_total controller=endpoint"] == 0
    assert page["workqueue_adds_total controller=endpoint name=endpoint"] == 0
    assert page["gco_stream_convergence_seconds_count until=running"] == 0
    assert page["gco_stream_events_total outcome=failed"] == 0


def test_a_name_s_way_through_the_queue_is_measured() -> None:
    meters = PrometheusMeters()

    meters.queued()
    meters.handed_out(2.0)
    meters.handed_back(3.0, is_again=True)
    meters.handed_back(4.0, is_again=False)

    page = samples(meters)
    assert page["workqueue_adds_total controller=endpoint name=endpoint"] == 1
    assert page["workqueue_retries_total controller=endpoint name=endpoint"] == 1
    assert page["workqueue_queue_duration_seconds_sum controller=endpoint name=endpoint"] == 2
    assert page["workqueue_work_duration_seconds_sum controller=endpoint name=endpoint"] == 7
    assert page["controller_runtime_reconcile_time_seconds_count controller=endpoint"] == 2


def test_requests_fulfilments_and_events_are_told_apart() -> None:
    meters = PrometheusMeters()

    meters.answered("GET", "<error>", "10.0.0.1:443", 0.5)
    meters.fulfilled("applied", 0.3)
    meters.announced("dropped")

    page = samples(meters)
    assert page["rest_client_requests_total code=<error> host=10.0.0.1:443 method=GET"] == 1
    assert page["rest_client_request_duration_seconds_sum host=10.0.0.1:443 verb=GET"] == 0.5
    assert page["gco_stream_convergence_seconds_sum until=applied"] == 0.3
    assert page["gco_stream_events_total outcome=dropped"] == 1


@pytest.mark.parametrize("vitals", [a_leader(), a_standby()], ids=["leader", "standby"])
def test_every_reading_is_on_the_page_under_its_name(vitals: Vitals) -> None:
    readings = list(readings_of(vitals))

    page = samples(PrometheusMeters(), *readings)

    for reading in readings:
        labels = "".join(f" {key}={value}" for key, value in sorted(reading.labels.items()))
        assert page[reading.name + labels] == reading.value


def test_nothing_is_told_of_when_series_began() -> None:
    meters = PrometheusMeters()
    meters.queued()

    assert b"_created" not in meters.page(())


def test_two_processes_in_one_share_nothing_and_the_library_s_own_registry_stays_as_it_was() -> None:
    before = {family.name for family in REGISTRY.collect()}
    one, other = PrometheusMeters(), PrometheusMeters()

    one.queued()

    assert samples(other)["workqueue_adds_total controller=endpoint name=endpoint"] == 0
    assert {family.name for family in REGISTRY.collect()} == before


def test_the_process_tells_of_itself() -> None:
    page = samples(PrometheusMeters())

    assert page["process_resident_memory_bytes"] > 2**20
    assert page["process_start_time_seconds"] > 1_600_000_000


def test_a_page_can_be_asked_for_again() -> None:
    meters = PrometheusMeters()
    meters.queued()

    assert counted(meters) == counted(meters)


def counted(meters: PrometheusMeters) -> dict[str, float]:
    """Everything but what the process is like, which is another thing each time."""
    return {name: value for name, value in samples(meters).items() if not name.startswith("process_")}
