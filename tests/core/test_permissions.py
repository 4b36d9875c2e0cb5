"""The one list of permissions is what the shipped Role and policy grant."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gco_stream.core.permissions import (
    PERMISSIONS,
    POLICY_FILE,
    ROLE_FILE,
    STREAM_ACTIONS,
    TABLE_ACTIONS,
    Permission,
)

ROOT = Path(__file__).parents[2]


def granted(rule: dict[str, Any]) -> set[Permission]:
    return {
        Permission(group, resource, verb, name)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


@pytest.mark.behaviour("B36")
def test_every_permission_is_what_the_role_grants_and_no_other() -> None:
    roles = [one for one in yaml.safe_load_all((ROOT / ROLE_FILE).read_text()) if one["kind"] == "Role"]

    assert set(PERMISSIONS) == {permission for role in roles for rule in role["rules"] for permission in granted(rule)}
    assert len(PERMISSIONS) == len(set(PERMISSIONS))


@pytest.mark.behaviour("B36")
def test_every_action_is_what_the_policy_allows_and_no_other() -> None:
    statements = json.loads((ROOT / POLICY_FILE).read_text())["Statement"]

    allowed = {statement["Sid"]: sorted(statement["Action"]) for statement in statements}

    assert allowed == {
        "Records": [f"dynamodb:{action}" for action in TABLE_ACTIONS],
        "Stream": [f"dynamodb:{action}" for action in STREAM_ACTIONS],
    }


def test_a_permission_is_named_as_the_api_server_names_it() -> None:
    subjects = {permission.subject for permission in PERMISSIONS}

    assert {"services", "deployments.apps", "leases.coordination.k8s.io/inference-monitor-leader"} <= subjects


def test_events_alone_are_not_vital_and_leases_alone_are_elsewhere() -> None:
    assert {permission.subject for permission in PERMISSIONS if not permission.is_vital} == {"events.events.k8s.io"}
    assert {permission.resource for permission in PERMISSIONS if permission.is_about_lease} == {"leases"}
