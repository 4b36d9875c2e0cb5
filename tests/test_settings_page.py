"""docs/settings.md, held to the settings: every variable, with its default, and no other."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from gco_stream.settings import Settings

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text()
# Variables whose default is another one.
SAME_AS = {"DYNAMODB_REGION": "REGION", "LEASE_NAMESPACE": "INFERENCE_NAMESPACE"}
# Set by the system, and told below the table.
BY_ITSELF = "HOSTNAME"


def on_the_page() -> dict[str, str]:
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    variables = [(re.findall(r"`(\w+)`", names), defaults.strip()) for names, defaults, *_ in rows]
    return {
        name: default.strip().strip("`")
        for names, defaults in variables
        for name, default in zip(names, defaults.split(",") if len(names) > 1 else [defaults], strict=True)
    }


def in_words(value: object) -> str:
    return f"{value.total_seconds():g}" if isinstance(value, timedelta) else str(value)


@pytest.mark.behaviour("B1")
def test_every_setting_is_on_the_page_with_its_default_and_no_other() -> None:
    settings = Settings.model_validate({"REGION": "us-east-1"})

    made = {
        str(field.alias): SAME_AS.get(str(field.alias)) or in_words(getattr(settings, name))
        for name, field in Settings.model_fields.items()
        if field.alias != BY_ITSELF
    }

    assert on_the_page() == {**made, "REGION": "required"}
