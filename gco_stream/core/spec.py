"""The ``spec`` of a record: every field, its default and its rule."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gco_stream.core import fields

_MOST_REPLICAS = 10_000
# Kubernetes has 32 bits for it, and what does not fit wraps round.
_HIGHEST_UTILIZATION = 10_000
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?")


def _s3_uri(value: object) -> str:
    """Accept an S3 URI; another URL is shown without what may hold a token."""
    if isinstance(value, str) and _S3_URI.fullmatch(value):
        return value
    expected = "must be an S3 URI such as 's3://bucket/prefix'; other sources are not supported"
    if isinstance(value, str) and re.search(r"[@?]", value):
        raise fields.wrong(expected, shown=f"a URL that begins with {value.partition('://')[0][:20]!r}")
    raise fields.wrong(expected)


class Part(BaseModel):
    """A part of a record; what it has beside the fields known here is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Resources(Part):
    """Container resources; the accelerator's own are added from ``gpu_count``."""

    requests: fields.Quantities = {"cpu": "1", "memory": "4Gi"}
    limits: fields.Quantities = {"cpu": "4", "memory": "16Gi"}


class Toleration(Part):
    """A pod's toleration, in Kubernetes' own spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: fields.AnyText | None = None
    operator: Annotated[str, fields.one_of("Equal", "Exists")] | None = None
    value: fields.AnyText | None = None
    effect: Annotated[str, fields.one_of("NoSchedule", "PreferNoSchedule", "NoExecute")] | None = None
    tolerationSeconds: Annotated[int, fields.whole_number(0)] | None = None  # noqa: N815 - Kubernetes' spelling


class Metric(Part):
    """What autoscaling looks at: average utilization in percent of the request."""

    type: Annotated[str, fields.one_of("cpu", "memory")] = "cpu"
    target: Annotated[int, fields.whole_number(1, _HIGHEST_UTILIZATION)] = 70


def _each_type_once(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Refuse a type that is there twice: the API server takes both, and an older client's write loses one of them."""
    types = [metric.type for metric in metrics]
    doubled = next((one for one in types if types.count(one) > 1), None)
    if doubled is not None:
        raise fields.wrong("must have each type once at the most", shown=f"a list with '{doubled}' more than once")
    return metrics or (Metric(),)


class Autoscaling(Part):
    """Bounds and metrics of the horizontal pod autoscaler; while it is off, they are not even looked at."""

    enabled: fields.Switch = False
    min_replicas: Annotated[int, fields.whole_number(1, _MOST_REPLICAS)] = 1
    max_replicas: Annotated[int, fields.whole_number(1, _MOST_REPLICAS)] = 10
    metrics: Annotated[tuple[Metric, ...], fields.is_list, AfterValidator(_each_type_once)] = (Metric(),)

    @model_validator(mode="before")
    @classmethod
    def _is_empty_while_off(cls, given: Any) -> Any:
        enabled = given.get("enabled", False) if isinstance(given, Mapping) else None
        return {} if enabled is False or enabled == "false" else given

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Autoscaling":
        if self.min_replicas > self.max_replicas:
            bounds = f"min_replicas {self.min_replicas}, max_replicas {self.max_replicas}"
            raise fields.wrong("must not have min_replicas above max_replicas", shown=bounds)
        return self


class Canary(Part):
    """A second version that gets ``weight`` percent of the traffic."""

    image: fields.Text
    weight: Annotated[int, fields.whole_number(1, 99)] = 10
    replicas: Annotated[int, fields.whole_number(0, _MOST_REPLICAS)] = 1


class Rollout(Part):
    """How pods are replaced; None means the default for the endpoint's kind of hardware."""

    max_surge: fields.CountOrPercent | None = None
    max_unavailable: fields.CountOrPercent | None = None
    progress_deadline_seconds: Annotated[int, fields.whole_number(1)] | None = None

    @model_validator(mode="after")
    def _something_may_move(self) -> "Rollout":
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            expected = "must leave one of them above 0, or no pod could ever be replaced"
            raise fields.wrong(expected, shown="max_surge 0, max_unavailable 0")
        return self


class EndpointSpec(Part):
    """The ``spec`` of a record, complete and checked. Fields that we do not know are ignored."""

    image: fields.Text
    port: Annotated[int, fields.whole_number(1, 65535)] = 8000
    replicas: Annotated[int, fields.whole_number(0, _MOST_REPLICAS)] = 1
    gpu_count: Annotated[int, fields.whole_number(0, 1_000)] = 1
    accelerator: Annotated[Literal["nvidia", "neuron"], fields.one_of("nvidia", "neuron")] = "nvidia"
    health_check_path: fields.Path = "/health"
    region_image_uris: Annotated[Mapping[str, Any], fields.is_map] = {}
    env: fields.Environment = {}
    resources: Resources = Resources()
    command: fields.Texts = ()
    args: fields.Texts = ()
    model_path: fields.Text | None = None
    model_source: (
        Annotated[
            str,
            BeforeValidator(_s3_uri, json_schema_input_type=Annotated[str, Field(pattern=f"^{_S3_URI.pattern}$")]),
        ]
        | None
    ) = None
    node_selector: fields.Labels = {}
    tolerations: Annotated[tuple[Toleration, ...], fields.is_list] = ()
    capacity_type: Annotated[str, fields.one_of("spot", "on-demand")] | None = None
    gpu_type: fields.Text | None = None
    autoscaling: Autoscaling | None = None
    canary: Canary | None = None
    rollout: Rollout = Rollout()

    @property
    def autoscaled(self) -> bool:
        """Whether an autoscaler owns the replica count."""
        return self.autoscaling is not None and self.autoscaling.enabled
