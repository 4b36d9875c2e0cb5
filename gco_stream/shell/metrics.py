"""Metrics in Prometheus' text format: what was counted, and what is read off in the moment that somebody asks.

Every process, and every test, has its own registry; the library's global one stays empty.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gco_stream.core.readings import CONTROLLER, QUEUE, Reading
from gco_stream.meters import Ending, Meters

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# From a cached answer to a pass' deadline.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)
# From an apply within the second to a large model that is loaded for an hour.
_LONG = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
_RESULTS = (Ending.SUCCESS, Ending.FAILED, Ending.AGAIN_AT_ONCE, Ending.AGAIN_LATER)
_BAD = {
    Ending.REFUSED: "controller_runtime_terminal_reconcile_errors",
    Ending.CRASHED: "controller_runtime_reconcile_panics",
    Ending.TIMED_OUT: "controller_runtime_reconcile_timeouts",
}
_EVENTS = ("written", "failed", "spared", "dropped")
_ONE = {"controller": CONTROLLER}


class PrometheusMeters(Meters):
    """Counts, and makes a page of it."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._passes = self._counter("controller_runtime_reconcile", "Passes, by result.", "controller", "result")
        self._errors = self._counter("controller_runtime_reconcile_errors", "Passes that failed.", "controller")
        self._bad = {
            ending: self._counter(name, f"Passes: {ending.value}.", "controller") for ending, name in _BAD.items()
        }
        self._pass_seconds = self._histogram("controller_runtime_reconcile_time_seconds", "Passes.", "controller")
        self._adds = self._counter("workqueue_adds", "Names that were asked to be looked at.", *QUEUE)
        self._retries = self._counter("workqueue_retries", "Names that want another look by themselves.", *QUEUE)
        self._waits = self._histogram("workqueue_queue_duration_seconds", "From due to in hand.", *QUEUE)
        self._works = self._histogram("workqueue_work_duration_seconds", "In hand.", *QUEUE)
        self._requests = self._counter("rest_client_requests", "Requests to the API server.", "code", "method", "host")
        self._request_seconds = self._histogram(
            "rest_client_request_duration_seconds", "Until the API server began to answer.", "verb", "host"
        )
        self._fulfilled = self._histogram(
            "gco_stream_convergence_seconds", "From a write of a record until it is so.", "until", buckets=_LONG
        )
        self._events = self._counter("gco_stream_events", "Kubernetes Events, by what became of them.", "outcome")
        self._begin_with_zeros()

    def pass_ended(self, ending: Ending) -> None:
        """Count a pass."""
        result = ending if ending in _RESULTS else Ending.FAILED
        self._passes.labels(CONTROLLER, result.value).inc()
        if result is Ending.FAILED:
            self._errors.labels(CONTROLLER).inc()
        if ending in self._bad:
            self._bad[ending].labels(CONTROLLER).inc()

    def queued(self) -> None:
        """Count a name."""
        self._adds.labels(**QUEUE).inc()

    def handed_out(self, waited: float) -> None:
        """Measure a wait."""
        self._waits.labels(**QUEUE).observe(waited)

    def handed_back(self, worked: float, *, is_again: bool) -> None:
        """Measure a pass."""
        self._works.labels(**QUEUE).observe(worked)
        self._pass_seconds.labels(CONTROLLER).observe(worked)
        if is_again:
            self._retries.labels(**QUEUE).inc()

    def answered(self, method: str, code: str, host: str, seconds: float) -> None:
        """Count and measure a request."""
        self._requests.labels(code, method, host).inc()
        self._request_seconds.labels(method, host).observe(seconds)

    def fulfilled(self, until: str, seconds: float) -> None:
        """Measure a fulfilment."""
        self._fulfilled.labels(until).observe(seconds)

    def announced(self, outcome: str) -> None:
        """Count an Event."""
        self._events.labels(outcome).inc()

    def page(self, readings: Iterable[Reading]) -> bytes:
        """Write everything down."""
        return generate_latest(_Page([*self._registry.collect(), *_families(readings)]))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
        return Histogram(name, text, labels, registry=self._registry, buckets=buckets)

    def _begin_with_zeros(self) -> None:
        """Show what has not happened yet as 0: a counter that appears with its first rise hides it."""
        for result in _RESULTS:
            self._passes.labels(CONTROLLER, result.value)
        for counter in (self._errors, *self._bad.values(), self._pass_seconds):
            counter.labels(**_ONE)
        for meter in (self._adds, self._retries, self._waits, self._works):
            meter.labels(**QUEUE)
        for until in ("applied", "running"):
            self._fulfilled.labels(until)
        for outcome in _EVENTS:
            self._events.labels(outcome)


class _Page:
    """Families as the library wants to be given them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Hand out each family, without the times at which its series began, which nobody asks for."""
        for family in self._families:
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


def _families(readings: Iterable[Reading]) -> Iterator[Metric]:
    families: dict[str, Any] = {}
    for reading in readings:
        family = families.get(reading.name)
        if family is None:
            kind = CounterMetricFamily if reading.is_counter else GaugeMetricFamily
            family = families[reading.name] = kind(reading.name, reading.help, labels=tuple(reading.labels))
        family.add_metric(tuple(reading.labels.values()), reading.value)
    yield from families.values()
