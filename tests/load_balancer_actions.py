"""Actions, which say in an annotation of an Ingress where its requests go."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_TARGETS = 5
_ACTION_KEYS = {"type", "forwardConfig"}
_FORWARD_KEYS = {"targetGroups", "targetGroupStickinessConfig"}
_TARGET_KEYS = {"serviceName", "servicePort", "weight"}


@dataclass(frozen=True, slots=True)
class Target:
    """A target group, as an Ingress names it: nothing about it needs to be right."""

    service: str
    port: object
    weight: object = None

    @property
    def has_weight(self) -> bool:
        """Whether it gets requests; without a weight it is the only one."""
        return self.weight is None or (is_integer(self.weight) and self.weight != 0)


def is_integer(value: object) -> bool:
    """Whether JSON has it as an integer: neither ``80.0``, nor ``"80"``, nor ``true``."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Action:
    """An action as it was read.

    Attributes:
        wrong: What freezes the group, or leaves requests without an answer.
        unwise: What an endpoint's Ingress must not say although it builds: it is not what was meant.
    """

    targets: tuple[Target, ...] = ()
    wrong: tuple[str, ...] = ()
    unwise: tuple[str, ...] = ()


def read_action(text: str) -> Action:
    """Read the JSON of an annotation."""
    try:
        action = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return Action(wrong=("is no JSON",))
    if not isinstance(action, dict):
        return Action(wrong=("is no JSON object",))
    if action.get("type") in ("fixed-response", "redirect"):
        return Action(unwise=(f"is a {action['type']}, and sends requests nowhere",))
    if action.get("type") != "forward":
        return Action(wrong=(f"has the type {action.get('type')!r}, not 'forward'",))
    return _forward(action)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _forward(action: Mapping[str, Any]) -> Action:
    config = action.get("forwardConfig")
    if not isinstance(config, dict):
        return Action(wrong=("has no forwardConfig",), unwise=tuple(_typos(action, _ACTION_KEYS)))
    unwise = [*_typos(action, _ACTION_KEYS), *_typos(config, _FORWARD_KEYS)]
    groups = config.get("targetGroups")
    if not isinstance(groups, list) or not groups or not all(isinstance(group, dict) for group in groups):
        return Action(wrong=("has no target groups",), unwise=tuple(unwise))
    unwise += [typo for group in groups for typo in _typos(group, _TARGET_KEYS)]
    unwise += ["has a target group without a Service" for group in groups if not group.get("serviceName")]
    targets = [Target(str(g.get("serviceName")), g.get("servicePort"), g.get("weight")) for g in groups]
    named = tuple(target for group, target in zip(groups, targets, strict=True) if group.get("serviceName"))
    return Action(targets=named, wrong=tuple(_wrong_with_weights(targets)), unwise=tuple(unwise))


def _typos(there: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    """Whatever is not known is dropped without a word, and so is what it was to say."""
    for key in sorted(there.keys() - known):
        yield f"has the key {key!r}, which nobody reads"


def _wrong_with_weights(targets: list[Target]) -> Iterator[str]:
    if len(targets) > MOST_TARGETS:
        yield f"has {len(targets)} target groups, more than {MOST_TARGETS}"
    for target in targets:
        weight = target.weight
        if weight is None:
            if len(targets) > 1:
                yield f"has no weight for {target.service}"
        elif not isinstance(weight, int) or isinstance(weight, bool):
            yield f"has the weight {json.dumps(weight)} for {target.service}, which is no integer"
        elif not 0 <= weight <= 999:
            yield f"has the weight {weight} for {target.service}, outside 0 to 999"
    if all(target.weight == 0 for target in targets):
        yield "refuses all requests: no target group has a weight above 0"
