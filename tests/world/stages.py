"""How pods behave on the fake nodes: by default well, otherwise as the tag of their image says.

Each stage is a rule for kwok: which pods, after how long, and which status they get. kwok's own
stages have weight 0, so where one of these matches as well, this one wins.
"""

import json
from typing import Any

Condition = dict[str, object]
Stage = dict[str, Any]

TAG = '(.spec.containers[0].image | split("@")[0] | split("/")[-1] | split(":")[1] // "")'
"""jq: the tag of the first container's image; repository names may contain anything."""
LIVES: Condition = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
IS_DELETED: Condition = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}
READY = '.status.conditions[] | select(.type == "Ready") | .status'
WAITING = ".status.containerStatuses[0].state.waiting.reason"

RUNNING = "running: {startedAt: {{ $now | Quote }}}"
ENDED_NOW = "startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}"
CRASHED = f"terminated: {{exitCode: 1, reason: Error, {ENDED_NOW}}}"
CRASH_LOOP = "waiting: {reason: CrashLoopBackOff, message: back-off restarting failed container}"
NOT_FOUND = '{{ printf "Back-off pulling image %q: not found" .image | Quote }}'
PULL_FAILED = f"waiting: {{reason: ImagePullBackOff, message: {NOT_FOUND}}}"


def pod_stages() -> str:
    """The stages of every image tag that README.md promises, as a kwok configuration file."""
    # JSON is YAML, and needs no library.
    return "\n---\n".join(json.dumps(stage) for stage in (*_starts(), *_ends()))


def _starts() -> tuple[Stage, ...]:
    return (
        _stage(
            "never-ready",
            [_tagged("never-ready|ready-after-"), LIVES, _is(".status.phase", "Pending")],
            _status(ready=False, state=RUNNING),
        ),
        _stage(
            "ready-after",
            [_tagged("ready-after-"), LIVES, _is(".status.phase", "Running"), _is(READY, "False")],
            _status(ready=True, state=RUNNING),
            after=_seconds_in_tag("ready-after"),
        ),
        _stage(
            "no-pull",
            [_tagged("no-pull"), LIVES, _is(".status.phase", "Pending")],
            # The pod stays Pending, so the stage matches again: with a time that moved on it
            # would write for ever, with the one of its first visit it has nothing to write.
            _status(ready=False, state=PULL_FAILED, phase="Pending", now="or .status.startTime Now"),
        ),
    )


def _ends() -> tuple[Stage, ...]:
    return (
        _stage(
            "ends-after",
            [_tagged("ends-after-"), LIVES, _is(READY, "True")],
            _status(ready=False, state=CRASHED),
            after=_seconds_in_tag("ends-after"),
        ),
        _stage(
            "crash",
            [_tagged("crash"), LIVES, _is(".status.phase", "Pending")],
            _status(ready=False, state=CRASH_LOOP, restarts="1", before=CRASHED),
        ),
        _stage(
            "crash-again",
            [_tagged("crash"), LIVES, _is(WAITING, "CrashLoopBackOff")],
            _status(
                ready=False,
                state=CRASH_LOOP,
                restarts="{{ add 1 (index $.status.containerStatuses 0).restartCount }}",
                before=CRASHED,
            ),
            after='"\\(.status.containerStatuses[0].restartCount * 5)s"',
        ),
        _stage(
            "slow-stop",
            [_tagged("slow-stop-"), IS_DELETED],
            {"delete": True},
            after=_seconds_in_tag("slow-stop"),
        ),
    )


def _tagged(pattern: str) -> Condition:
    return {"key": f'{TAG} | select(test("{pattern}"))', "operator": "Exists"}


def _is(key: str, value: str) -> Condition:
    return {"key": key, "operator": "In", "values": [value]}


def _seconds_in_tag(word: str) -> str:
    """jq: the duration that follows the word, such as `4s` or `0.5s`."""
    return f'{TAG} | capture("{word}-(?<n>[0-9.]+)s") | .n + "s"'


def _stage(name: str, conditions: list[Condition], following: dict[str, Any], after: str | None = None) -> Stage:
    spec: dict[str, Any] = {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {
            "matchExpressions": [{"jq": condition} for condition in conditions],
        },
        "weight": 1,
        "next": following,
    }
    if after:
        spec["delay"] = {"durationFrom": {"jq": {"expression": after}}}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": f"pod-{name}"},
        "spec": spec,
    }


def _status(
    *,
    ready: bool,
    state: str,
    phase: str = "Running",
    restarts: str = "0",
    before: str = "",
    now: str = "Now",
) -> dict[str, Any]:
    """What the stage writes: one state for all containers, init containers long since done."""
    values = {
        "NOW": now,
        "READY": str(ready).lower(),
        "RESTARTS": restarts,
        "STATE": state,
        "BEFORE": before,
        "PHASE": phase,
    }
    template = STATUS
    for placeholder, value in values.items():
        template = template.replace(f"<{placeholder}>", value)
    return {"statusTemplate": template}


STATUS = """
{{ $now := <NOW> }}
conditions:
{{ range $type := list "Initialized" "Ready" "ContainersReady" }}
- type: {{ $type }}
  status: {{ if eq $type "Initialized" }}"True"{{ else if <READY> }}"True"{{ else }}"False"{{ end }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: <READY>
  started: <READY>
  restartCount: <RESTARTS>
  state: {<STATE>}
  lastState: {<BEFORE>}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
{{ if not .status.podIP }}
{{ $ip := PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ $ip | Quote }}
podIPs: [{ip: {{ $ip | Quote }}}]
{{ end }}
phase: <PHASE>
startTime: {{ or .status.startTime $now | Quote }}
"""
