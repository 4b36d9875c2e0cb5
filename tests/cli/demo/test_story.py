"""The story as it is written."""

from gco_stream.cli.demo.story import the_story
from tests.cli.commands_page import commands


def test_every_scene_has_a_title_of_its_own_that_fits() -> None:
    titles = [scene.title for scene in the_story()]

    assert len(set(titles)) == len(titles)
    assert max(map(len, titles)) <= 70


def test_every_command_that_it_names_is_one() -> None:
    typed = [line.removeprefix("gco-stream ").split() for scene in the_story() for line in scene.commands]
    ours = [words for words in typed if words[0] != "kubectl"]

    known = set(commands())

    assert ours
    assert all(any(tuple(words[: len(path)]) == path for path in known) for words in ours), ours
