from datetime import timedelta

import pytest

from gco_stream.errors import InvalidSettings
from gco_stream.settings import Settings, read_settings


def read(**environment: str) -> Settings:
    return read_settings({"REGION": "us-east-1", **environment})


def problems_of(environment: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        read_settings(environment)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.behaviour("B1")
def test_only_the_region_is_required() -> None:
    settings = read()

    assert settings.region == "us-east-1"
    assert settings.table_region == "us-east-1"
    assert settings.table_name == "gco-inference-endpoints"
    assert settings.namespace == "gco-inference"
    assert settings.reconcile_interval == timedelta(seconds=300)
    assert settings.deletion_brake == 5
    assert settings.health_port == 8080
    assert settings.kubernetes_timeout == timedelta(seconds=30)
    assert settings.unhealthy_threshold == timedelta(seconds=300)
    assert settings.canary_warmup == settings.drain == timedelta(seconds=30)
    assert settings.stream_poll_interval == timedelta(seconds=0.25)
    assert (settings.event_source, settings.log_level, settings.log_format) == ("streams", "INFO", "json")


@pytest.mark.behaviour("B1")
def test_every_variable_is_read() -> None:
    settings = read(
        CLUSTER_NAME="gco",
        DYNAMODB_REGION="eu-west-1",
        INFERENCE_ENDPOINTS_TABLE_NAME="t",
        INFERENCE_NAMESPACE="n",
        RECONCILE_INTERVAL_SECONDS="15",
        K8S_API_TIMEOUT="5",
        INFERENCE_UNHEALTHY_THRESHOLD_SECONDS="60",
        CANARY_WARMUP_SECONDS="0",
        DRAIN_SECONDS="12.5",
        EVENT_SOURCE="none",
        STREAM_POLL_INTERVAL_SECONDS="1.5",
        WORKERS="4",
        DELETION_BRAKE="0",
        HEALTH_PORT="0",
        MODEL_SYNC_IMAGE="acme/aws:1",
        HOSTNAME="pod-1",
        LOG_LEVEL="debug",
        LOG_FORMAT="TEXT",
    )

    assert (settings.cluster_name, settings.table_region, settings.table_name) == ("gco", "eu-west-1", "t")
    assert (settings.namespace, settings.workers, settings.hostname) == ("n", 4, "pod-1")
    assert (settings.deletion_brake, settings.health_port) == (0, 0)
    assert settings.reconcile_interval == timedelta(seconds=15)
    assert settings.kubernetes_timeout == timedelta(seconds=5)
    assert settings.unhealthy_threshold == timedelta(seconds=60)
    assert (settings.canary_warmup, settings.drain) == (timedelta(0), timedelta(seconds=12.5))
    assert settings.stream_poll_interval == timedelta(seconds=1.5)
    assert (settings.event_source, settings.log_level, settings.log_format) == ("none", "DEBUG", "text")
    assert settings.model_sync_image == "acme/aws:1"


@pytest.mark.behaviour("B1")
@pytest.mark.parametrize("environment", [{}, {"REGION": ""}, {"REGION": "  "}, {"region": "us-east-1"}])
def test_without_a_region_nothing_starts(environment: dict[str, str]) -> None:
    assert problems_of(environment) == ["REGION is missing: is required, e.g. 'us-east-1'"]


@pytest.mark.behaviour("B1")
def test_every_problem_is_reported_at_once() -> None:
    wrong = {"REGION": "mars", "WORKERS": "many", "K8S_API_TIMEOUT": "-1", "LOG_FORMAT": "xml", "EVENT_SOURCE": "kafka"}

    problems = problems_of(wrong)

    assert sorted(problem.split()[0] for problem in problems) == sorted(wrong)
    assert "LOG_FORMAT is 'xml': must be 'json' or 'text'" in problems


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REGION", "US-EAST-1"),
        ("DYNAMODB_REGION", "nowhere"),
        ("RECONCILE_INTERVAL_SECONDS", "0"),
        ("RECONCILE_INTERVAL_SECONDS", "nan"),
        ("RECONCILE_INTERVAL_SECONDS", "5m"),
        ("K8S_API_TIMEOUT", "inf"),
        ("STREAM_POLL_INTERVAL_SECONDS", "0.2"),
        ("WORKERS", "0"),
        ("WORKERS", "1.5"),
        ("WORKERS", "²"),
        ("DELETION_BRAKE", "-1"),
        ("DELETION_BRAKE", "all"),
        ("LOG_LEVEL", "LOUD"),
        ("LEASE_DURATION_SECONDS", "15.5"),
        ("LEASE_DURATION_SECONDS", "0"),
        ("LEASE_RETRY_SECONDS", "soon"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_would_be_right(variable: str, value: str) -> None:
    (problem,) = problems_of({"REGION": "us-east-1", variable: value})

    assert problem.startswith(f"{variable} is {value!r}: must be")


@pytest.mark.behaviour("B1", "B4")
def test_the_lease_lasts_15_10_and_2_seconds_in_the_namespace_of_the_endpoints() -> None:
    settings = read(INFERENCE_NAMESPACE="n")

    assert settings.lease_duration == timedelta(seconds=15)
    assert settings.lease_renew_deadline == timedelta(seconds=10)
    assert settings.lease_retry == timedelta(seconds=2)
    assert settings.lease_namespace == "n"
    assert read(LEASE_NAMESPACE="elsewhere").lease_namespace == "elsewhere"


def a_lease(times: str) -> dict[str, str]:
    names = ("LEASE_DURATION_SECONDS", "LEASE_RENEW_DEADLINE_SECONDS", "LEASE_RETRY_SECONDS")
    return {"REGION": "us-east-1", **dict(zip(names, times.split(), strict=True))}


@pytest.mark.parametrize("times", ["60 40 15", "3 2 0.5"])
def test_a_lease_may_be_slower_or_faster(times: str) -> None:
    settings = read_settings(a_lease(times))

    found = (settings.lease_duration, settings.lease_renew_deadline, settings.lease_retry)
    assert found == tuple(timedelta(seconds=float(time)) for time in times.split())


@pytest.mark.behaviour("B1", "B4")
@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ("15 12 2", "LEASE_RENEW_DEADLINE_SECONDS is '12': must be less than LEASE_DURATION_SECONDS / 1.25 (12)"),
        ("15 6 5", "LEASE_RETRY_SECONDS is '5': must be less than LEASE_RENEW_DEADLINE_SECONDS / 1.2 (5)"),
    ],
)
def test_the_times_of_a_lease_go_together(times: str, problem: str) -> None:
    assert problems_of(a_lease(times)) == [problem]


@pytest.mark.behaviour("B1", "B4")
def test_a_default_that_does_not_go_with_what_is_set_is_named_by_its_variable() -> None:
    problems = problems_of({"REGION": "us-east-1", "LEASE_DURATION_SECONDS": "8"})

    assert problems == ["LEASE_RENEW_DEADLINE_SECONDS is 10: must be less than LEASE_DURATION_SECONDS / 1.25 (6.4)"]


def test_an_empty_variable_counts_as_none() -> None:
    assert read(CLUSTER_NAME="", K8S_API_TIMEOUT=" ", DYNAMODB_REGION="") == read()


def test_variables_of_others_are_not_taken_for_settings() -> None:
    assert read(workers="many", hostname="x", log_level="LOUD", PATH="/bin") == read()


@pytest.mark.behaviour("B1", "B6")
@pytest.mark.parametrize("port", ["-1", "65536", "http", "80.5"])
def test_a_health_port_is_a_port_or_none(port: str) -> None:
    assert problems_of({"REGION": "us-east-1", "HEALTH_PORT": port}) == [
        f"HEALTH_PORT is '{port}': must be a port from 1 to 65535, or 0 for none"
    ]
