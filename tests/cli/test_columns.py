import pytest

from gco_stream.cli.columns import fitting

COLUMNS = ("NAME", "IMAGE", "REASON")
ROWS = [["chat", "vllm/vllm-openai", "-"], ["embedder", "acme/server", "ImagePullBackOff"]]
ALL, SHORT, NAMES = {0: 8, 1: 16, 2: 16}, {0: 8, 2: 16}, {0: 8}


@pytest.mark.parametrize(("width", "shown"), [(44, ALL), (43, SHORT), (26, SHORT), (25, NAMES), (1, NAMES)])
def test_what_matters_least_is_left_out_until_the_rest_fits(width: int, shown: dict[int, int]) -> None:
    assert fitting(COLUMNS, ROWS, least=("IMAGE", "REASON"), width=width) == shown


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (118, {0: 8, 1: 16, 2: 90}),
        (117, {0: 8, 1: 16, 2: 89}),
        (88, {0: 8, 1: 16, 2: 60}),
        (87, {0: 8, 2: 77}),
        (69, {0: 8, 2: 59}),
        (26, {0: 8, 2: 16}),
        (25, {0: 8}),
    ],
)
def test_a_sentence_is_shortened_before_it_is_left_out(width: int, shown: dict[int, int]) -> None:
    rows, least = [*ROWS, ["chat", "-", "x" * 90]], ("IMAGE", "REASON", "REASON")

    assert fitting(COLUMNS, rows, least=least, width=width, sentence="REASON") == shown


def test_without_rows_the_heads_are_all_there_is_to_fit() -> None:
    assert fitting(COLUMNS, [], least=("IMAGE",), width=19) == {0: 4, 1: 5, 2: 6}
