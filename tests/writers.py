"""Writes records exactly as the programs do that share the table with the controller."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

IMAGE = "vllm/vllm-openai:v0.8.0"


def now() -> str:
    """Return the time as those programs write it: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat()


def a_spec(**changes: Any) -> dict[str, Any]:
    """Return a ``spec`` as the command line's ``deploy`` writes it by default."""
    return {
        "image": IMAGE,
        "port": 8000,
        "replicas": 1,
        "gpu_count": 1,
        "health_check_path": "/health",
        **changes,
    }


class Writers:
    """The known writers, on one table."""

    def __init__(self, table: "Table", namespace: str, region: str = "us-east-1") -> None:
        self._table = table
        self._namespace = namespace
        self._region = region

    def create(self, name: str, spec: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Put a new record."""
        written = now()
        item: dict[str, Any] = {
            "endpoint_name": name,
            "desired_state": "deploying",
            "target_regions": [self._region],
            "namespace": self._namespace,
            "spec": _numbers(a_spec() if spec is None else spec),
            "ingress_path": f"/inference/{name}",
            "created_at": written,
            "updated_at": written,
            "region_status": {},
            **fields,
        }
        self._table.put_item(Item=item, ConditionExpression="attribute_not_exists(endpoint_name)")

    def scale(self, name: str, replicas: int) -> None:
        """Change the replica count, and nothing else."""
        self._update(name, "SET spec.replicas = :r, updated_at = :u", {":r": replicas})

    def say(self, name: str, state: str) -> None:
        """Stop, start or delete: ``stopped``, ``running`` or ``deleted``."""
        self._update(name, "SET desired_state = :s, updated_at = :u", {":s": state})

    def change(self, name: str, **changes: Any) -> None:
        """Change fields of the spec: read it, write the whole of it, and say ``deploying``."""
        item = self.read(name)
        assert item is not None, f"there is no {name}"
        spec = {key: value for key, value in {**item["spec"], **_numbers(changes)}.items() if value is not None}
        self._update(name, "SET spec = :v, updated_at = :u, desired_state = :s", {":v": spec, ":s": "deploying"})

    def retarget(self, name: str, *regions: str) -> None:
        """Write the list of target regions."""
        self._update(name, "SET target_regions = :r, updated_at = :u", {":r": list(regions)})

    def read(self, name: str) -> dict[str, Any] | None:
        """Read a record, strongly consistent."""
        return self._table.get_item(Key={"endpoint_name": name}, ConsistentRead=True).get("Item")

    def scan(self) -> dict[str, Any]:
        """Read the first page of the table."""
        return dict(self._table.scan())

    def status(self, name: str, region: str | None = None) -> dict[str, Any]:
        """Return one region's status; empty if there is none."""
        item = self.read(name) or {}
        status: dict[str, Any] = item.get("region_status", {}).get(region or self._region, {})
        return status

    def _update(self, name: str, expression: str, values: Mapping[str, Any]) -> None:
        self._table.update_item(
            Key={"endpoint_name": name},
            UpdateExpression=expression,
            ExpressionAttributeValues={**values, ":u": now()},
            ConditionExpression="attribute_exists(endpoint_name)",
        )


def _numbers(value: Any) -> Any:
    """Write floats as strings, as the command line does, and leave the rest."""
    if isinstance(value, Mapping):
        return {key: _numbers(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(entry) for entry in value]
    if isinstance(value, float):
        return str(value)
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
