import pytest

from gco_stream.errors import Denied, GcoStreamError, InvalidRecord, InvalidSettings, Problem, Shown, Transient, shown


def test_a_problem_says_where_what_and_what_would_be_right() -> None:
    problem = Problem("spec.port", "abc", "must be a number")

    assert str(problem) == "spec.port is 'abc': must be a number"


def test_a_value_that_is_not_there_is_missing() -> None:
    assert str(Problem("spec.image", None, "is required")) == "spec.image is missing: is required"


def test_words_that_stand_for_a_value_are_not_quoted() -> None:
    assert str(Problem("env", Shown("a list"), "must be a map")) == "env is a list: must be a map"


def test_a_shown_value_is_short_and_on_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert shown(Shown("a\n  b")) == "a b"
    assert len(shown("x" * 1000)) == 80
    assert shown("x" * 1000).endswith("…")
    assert shown("x" * 1000, limit=10) == "'xxxxxxxx…"


@pytest.mark.parametrize("kind", [InvalidRecord, InvalidSettings])
def test_every_problem_is_kept_and_said(kind: type[InvalidRecord]) -> None:
    problems = [Problem("a", 1, "must be 2"), Problem("b", "x", "must be y")]

    error = kind(problems)

    assert error.problems == tuple(problems)
    assert str(error) == "a is 1: must be 2; b is 'x': must be y"


def test_a_missing_permission_is_tried_again_like_other_trouble() -> None:
    assert isinstance(Denied("no"), Transient)
    assert isinstance(Denied("no"), GcoStreamError)
    assert Transient("slow down", retry_after=3.0).retry_after == 3.0
