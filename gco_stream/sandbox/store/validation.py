"""What the API server refuses though it fits the schema: not all of it, but what an endpoint can get wrong.

Source: https://github.com/kubernetes/kubernetes/tree/master/pkg/apis (``validation/validation.go`` of each group)
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gco_stream.core.quantities import amount
from gco_stream.sandbox.store.errors import Cause, forbidden_value, invalid_value, required
from gco_stream.sandbox.store.kinds import Resource
from gco_stream.sandbox.store.selectors import matches_labels

Object = Mapping[str, Any]

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def problems(resource: Resource, after: Object, live: Object | None) -> Iterator[Cause]:
    """Say everything that is wrong with an object, ``live`` being what it is to replace, if anything."""
    yield from _metadata(resource, after["metadata"])
    check = _BY_KIND.get(resource.kind)
    if check is not None:
        yield from check(after, live)


def _metadata(resource: Resource, metadata: Object) -> Iterator[Cause]:
    name = metadata["name"]
    rule, pattern, longest = _SUBDOMAIN_RULE, _DNS_SUBDOMAIN, 253
    if resource.kind in ("Service", "Namespace"):
        rule, pattern, longest = _LABEL_RULE, _DNS_LABEL, 63
    if not pattern.fullmatch(name):
        yield invalid_value("metadata.name", f'"{name}"', rule)
    if len(name) > longest:
        yield invalid_value("metadata.name", f'"{name}"', f"must be no more than {longest} characters")
    for value in (metadata.get("labels") or {}).values():
        if len(value) > 63:
            yield invalid_value("metadata.labels", f'"{value}"', "must be no more than 63 characters")
        elif not _LABEL_VALUE.fullmatch(value):
            yield invalid_value("metadata.labels", f'"{value}"', _LABEL_VALUE_RULE)


def _deployment(after: Object, live: Object | None) -> Iterator[Cause]:
    spec = after["spec"]
    template, selector = spec["template"], spec.get("selector")
    if not selector:
        yield required("spec.selector")
    elif not matches_labels(selector, template["metadata"].get("labels") or {}):
        shown = _go_labels(template["metadata"].get("labels") or {})
        yield invalid_value("spec.template.metadata.labels", shown, "`selector` does not match template `labels`")
    yield from _strategy(spec.get("strategy") or {})
    if spec.get("replicas", 0) < 0:
        why = "must be greater than or equal to 0"
        yield invalid_value("spec.replicas", str(spec["replicas"]), why)
    yield from _pod_spec(template["spec"], "spec.template.spec")
    if live is not None and selector and live["spec"].get("selector") != selector:
        yield invalid_value("spec.selector", _go_selector(selector), "field is immutable")


def _strategy(strategy: Object) -> Iterator[Cause]:
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden_value("spec.strategy.rollingUpdate", why)
    elif rolling is not None and all(rolling.get(field) in (0, "0%") for field in ("maxSurge", "maxUnavailable")):
        why = "may not be 0 when `maxSurge` is 0"
        yield invalid_value("spec.strategy.rollingUpdate.maxUnavailable", json.dumps(rolling["maxUnavailable"]), why)


def _pod_spec(spec: Object, at: str) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    for field in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(field) or ()):
            yield from _container(container, f"{at}.{field}[{number}]")


def _container(container: Object, at: str) -> Iterator[Cause]:
    if not container.get("image"):
        yield required(f"{at}.image")
    for number, port in enumerate(container.get("ports") or ()):
        yield from _port(port.get("containerPort", 0), f"{at}.ports[{number}].containerPort")
    names = [port["name"] for port in container.get("ports") or () if port.get("name")]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Cause("FieldValueDuplicate", f"{at}.ports[{number}].name", f'Duplicate value: "{name}"')
    yield from _resources(container.get("resources") or {}, at)


def _resources(resources: Object, at: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, asked in (resources.get("requests") or {}).items():
        if name in limits and (amount(asked) or 0) > (amount(limits[name]) or 0):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid_value(f"{at}.resources.requests", f'"{asked}"', why)
    for name, limit in limits.items():
        if "/" in name and str(limit).endswith("m"):
            yield invalid_value(f"{at}.resources.limits[{name}]", f'"{limit}"', "must be an integer")


def _port(port: Any, at: str) -> Iterator[Cause]:
    if isinstance(port, int) and not 1 <= port <= 65535:
        yield invalid_value(at, str(port), "must be between 1 and 65535, inclusive")


def _service(after: Object, _: Object | None) -> Iterator[Cause]:
    ports = after["spec"].get("ports") or ()
    if not ports and after["spec"].get("type") != "ExternalName" and after["spec"].get("clusterIP") != "None":
        yield required("spec.ports")
    for number, port in enumerate(ports):
        yield from _port(port.get("port", 0), f"spec.ports[{number}].port")
        yield from _port(port.get("targetPort", 1), f"spec.ports[{number}].targetPort")
        if len(ports) > 1 and not port.get("name"):
            yield required(f"spec.ports[{number}].name")


def _ingress(after: Object, _: Object | None) -> Iterator[Cause]:
    spec = after["spec"]
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield invalid_value("spec", "null", "either `defaultBackend` or `rules` must be specified")
    for rule_number, rule in enumerate(spec.get("rules") or ()):
        for number, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            at = f"spec.rules[{rule_number}].http.paths[{number}]"
            if not path.get("pathType"):
                yield required(f"{at}.pathType", "pathType must be specified")
            elif path["pathType"] in ("Prefix", "Exact") and not str(path.get("path", "")).startswith("/"):
                yield invalid_value(f"{at}.path", f'"{path.get("path", "")}"', "must be an absolute path")


def _autoscaler(after: Object, _: Object | None) -> Iterator[Cause]:
    spec = after["spec"]
    lowest, highest = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if lowest < 1:
        yield invalid_value("spec.minReplicas", str(lowest), "must be greater than or equal to 1")
    if highest < 1:
        yield invalid_value("spec.maxReplicas", str(highest), "must be greater than 0")
    elif highest < lowest:
        yield invalid_value("spec.maxReplicas", str(highest), "must be greater than or equal to `minReplicas`")


def _lease(after: Object, _: Object | None) -> Iterator[Cause]:
    duration = after.get("spec", {}).get("leaseDurationSeconds", 1)
    if duration <= 0:
        yield invalid_value("spec.leaseDurationSeconds", str(duration), "must be greater than 0")
    if after.get("spec", {}).get("leaseTransitions", 0) < 0:
        yield invalid_value(
            "spec.leaseTransitions", str(after["spec"]["leaseTransitions"]), "must be greater than or equal to 0"
        )


def _event(after: Object, live: Object | None) -> Iterator[Cause]:
    for field in ("eventTime", "reportingController", "reportingInstance", "action", "reason", "type"):
        if not after.get(field):
            yield required(field)
    if len(after.get("reason", "")) > 128:
        yield invalid_value("reason", "", "can have at most 128 characters")
    if len(after.get("note", "")) > 1024:
        yield invalid_value("note", "", "can have at most 1024 characters")
    if live is not None and live.get("note") != after.get("note"):
        yield invalid_value("note", f'"{after.get("note", "")}"', "field is immutable")


def _go_labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":"{value}"' for name, value in sorted(labels.items())) + "}"


def _go_selector(selector: Object) -> str:
    return json.dumps(selector, separators=(",", ":"), sort_keys=True)


_BY_KIND: Mapping[str, Callable[[Object, Object | None], Iterator[Cause]]] = {
    "Deployment": _deployment,
    "ReplicaSet": _deployment,
    "Pod": lambda after, _: _pod_spec(after["spec"], "spec"),
    "Service": _service,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _autoscaler,
    "Lease": _lease,
    "Event": _event,
}
