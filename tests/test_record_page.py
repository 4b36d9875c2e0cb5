"""docs/record.md, held to the code: its tables of fields are written from the schema, and every status stands there."""

import re

from gco_stream.core.epoch import EPOCH
from gco_stream.core.status import _OURS, State
from tests.record_page import FIELDS, PAGE, RULES, page


def test_the_tables_of_fields_are_what_the_schema_says() -> None:
    assert PAGE.read_text() == page(), "python -m tests.record_page writes them anew"


def test_no_rule_is_worded_for_a_field_that_is_not_there() -> None:
    assert RULES.keys() <= FIELDS.keys()


def test_every_field_and_every_state_of_a_status_stands_there() -> None:
    _, _, section = PAGE.read_text().partition("## Status: `region_status.<region>`\n")
    rows = re.findall(r"^\| (`.*?) \|", section.partition("\n## ")[0], re.MULTILINE)

    assert {name for names in rows for name in re.findall(r"`(\w+)`", names)} == {*_OURS, EPOCH, "last_sync", *State}
