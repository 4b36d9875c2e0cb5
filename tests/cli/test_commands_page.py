"""The page of the commands, and what each says of itself."""

import pytest

from tests.cli.commands_page import PAGE, commands, help_of, page

every_command = pytest.mark.parametrize("path", list(commands()), ids=" ".join)


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == page(), "python -m tests.cli.commands_page writes it anew"


@every_command
def test_a_commands_help_shows_an_example(path: tuple[str, ...]) -> None:
    words = " ".join(help_of(path).split())

    assert f"gco-stream {' '.join(path)}" in words.partition("Example: ")[2]


def test_every_command_of_the_interface_is_there() -> None:
    endpoint = {"create", "apply", "show", "list", "scale", "stop", "start", "delete", "set-image"}
    endpoint |= {"canary", "promote", "rollback", "add-region", "remove-region", "forget-region", "hold", "release"}
    table = {"create", "describe", "enable-stream"}

    assert set(commands()) == {
        ("run",),
        ("plan",),
        ("explain",),
        ("top",),
        ("check",),
        ("schema",),
        ("capture",),
        ("replay",),
        ("resync",),
        ("demo",),
        *(("endpoint", name) for name in endpoint),
        *(("table", name) for name in table),
    }
