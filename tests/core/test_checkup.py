"""What a look around comes to."""

import pytest

from gco_stream.core.checkup import Finding, Verdict, failed, fine, unknown, warning, worst

pytestmark = pytest.mark.behaviour("B38")

FINE, WARNING = fine("a", "it is there"), warning("b", "it is slow", "make it fast")
UNKNOWN, FAILED = unknown("c", "nobody answers", "ask again"), failed("d", "it is gone", "make it")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], Verdict.OK),
        ([FINE], Verdict.OK),
        ([WARNING, FINE], Verdict.WARNING),
        ([UNKNOWN, WARNING], Verdict.UNKNOWN),
        ([FAILED, UNKNOWN, FINE], Verdict.FAILED),
    ],
)
def test_the_worst_counts_and_failing_is_worse_than_not_knowing(findings: list[Finding], verdict: Verdict) -> None:
    assert worst(findings) is verdict


def test_a_finding_is_one_line_that_says_what_to_do() -> None:
    assert (str(FINE), str(FAILED)) == ("it is there", "it is gone: make it")
