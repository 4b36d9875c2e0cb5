"""Every permission that the controller needs: the one list beside the Role and the policy, which tests hold to it."""

from collections.abc import Iterator
from dataclasses import dataclass

from gco_stream.core.leadership import LEASE_NAME

ROLE_FILE = "k8s/base/role.yaml"
POLICY_FILE = "k8s/iam-policy.json"

TABLE_ACTIONS = ("DeleteItem", "DescribeTable", "GetItem", "Scan", "UpdateItem")
STREAM_ACTIONS = ("DescribeStream", "GetRecords", "GetShardIterator")


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One verb on one resource of the API server, in one namespace.

    Attributes:
        group: The API group; empty for the core one.
        name: Of the one object that is meant; empty: any.
    """

    group: str
    resource: str
    verb: str
    name: str = ""

    @property
    def subject(self) -> str:
        """What the verb is about, as the API server writes it in its own refusals."""
        return ".".join(filter(None, (self.resource, self.group))) + (f"/{self.name}" if self.name else "")

    @property
    def is_about_lease(self) -> bool:
        """Whether it is needed in the namespace of the Lease, which may be another one."""
        return self.resource == "leases"

    @property
    def is_vital(self) -> bool:
        """Whether nothing can be done without it; Events are for people, and missed by nothing."""
        return self.resource != "events"


_APPLIED = ("get", "watch", "patch", "create", "delete")


def _all() -> Iterator[Permission]:
    rules = (
        ("apps", "deployments", _APPLIED),
        ("", "services", _APPLIED),
        ("autoscaling", "horizontalpodautoscalers", _APPLIED),
        ("networking.k8s.io", "ingresses", ("list", *_APPLIED)),
        ("", "pods", ("list",)),
        ("events.k8s.io", "events", ("create",)),
    )
    for group, resource, verbs in rules:
        yield from (Permission(group, resource, verb) for verb in verbs)
    for verb in ("get", "update", "patch", "create"):
        yield Permission("coordination.k8s.io", "leases", verb, LEASE_NAME)


PERMISSIONS = tuple(_all())
