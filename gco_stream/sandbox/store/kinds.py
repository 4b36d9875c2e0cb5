"""The kinds that the sandbox knows, and where the API has them."""

from collections.abc import Mapping
from dataclasses import dataclass

from gco_stream.sandbox.store.schema import Struct, struct


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Where the objects of a kind are.

    Attributes:
        group: Empty for the core group.
        has_status: Whether ``status`` is written through a subresource of its own, and by no other way.
        has_generation: Whether ``metadata.generation`` counts the changes of what is wanted.
        needs_version: Whether an update must say which version it was made from.
        is_made_by_update: Whether an update makes what is not there.
        shows_deleted: Whether a deletion is answered by what was deleted, instead of a ``Status``.
    """

    group: str
    version: str
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    is_namespaced: bool = True
    has_status: bool = True
    has_generation: bool = False
    has_scale: bool = False
    needs_version: bool = False
    is_made_by_update: bool = False
    shows_deleted: bool = False

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name in messages, such as ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """The kind in messages, such as ``Deployment.apps``."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def schema(self) -> Struct:
        """The shape of its objects."""
        return struct(self.kind)


_ALL = (
    Resource(group="", version="v1", plural="namespaces", kind="Namespace", short=("ns",), is_namespaced=False),
    Resource(group="", version="v1", plural="pods", kind="Pod", short=("po",), has_generation=True, shows_deleted=True),
    Resource(
        group="",
        version="v1",
        plural="services",
        kind="Service",
        short=("svc",),
        is_made_by_update=True,
        shows_deleted=True,
    ),
    Resource(
        group="",
        version="v1",
        plural="serviceaccounts",
        kind="ServiceAccount",
        short=("sa",),
        has_status=False,
        shows_deleted=True,
    ),
    Resource(
        group="",
        version="v1",
        plural="persistentvolumeclaims",
        kind="PersistentVolumeClaim",
        short=("pvc",),
        shows_deleted=True,
    ),
    Resource(
        group="apps",
        version="v1",
        plural="deployments",
        kind="Deployment",
        short=("deploy",),
        has_generation=True,
        has_scale=True,
    ),
    Resource(group="apps", version="v1", plural="replicasets", kind="ReplicaSet", short=("rs",), has_generation=True),
    Resource(
        group="autoscaling",
        version="v2",
        plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler",
        short=("hpa",),
    ),
    Resource(
        group="coordination.k8s.io",
        version="v1",
        plural="leases",
        kind="Lease",
        has_status=False,
        needs_version=True,
        is_made_by_update=True,
    ),
    Resource(
        group="events.k8s.io",
        version="v1",
        plural="events",
        kind="Event",
        short=("ev",),
        has_status=False,
        is_made_by_update=True,
    ),
    Resource(
        group="networking.k8s.io", version="v1", plural="ingresses", kind="Ingress", short=("ing",), has_generation=True
    ),
    Resource(
        group="networking.k8s.io",
        version="v1",
        plural="ingressclasses",
        kind="IngressClass",
        is_namespaced=False,
        has_status=False,
        has_generation=True,
    ),
)
RESOURCES: Mapping[str, Resource] = {resource.kind: resource for resource in _ALL}
"""Every kind by its name."""

BY_PATH: Mapping[tuple[str, str], Resource] = {(resource.api_version, resource.plural): resource for resource in _ALL}
"""Every kind by its ``apiVersion`` and its plural, as they are in paths."""
