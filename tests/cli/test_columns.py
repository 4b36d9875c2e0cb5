import pytest

from gco_stream.cli.columns import fitting

COLUMNS = ("NAME", "IMAGE", "REASON")
ROWS = [["chat", "vllm/vllm-openai", "-"], ["embedder", "acme/server", "ImagePullBackOff"]]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(44, [0, 1, 2]), (43, [0, 2]), (26, [0, 2]), (25, [0]), (1, [0])],
)
def test_what_matters_least_is_left_out_until_the_rest_fits(width: int, shown: list[int]) -> None:
    assert fitting(COLUMNS, ROWS, least=("IMAGE", "REASON"), width=width) == shown


def test_without_rows_the_heads_are_all_there_is_to_fit() -> None:
    assert fitting(COLUMNS, [], least=("IMAGE",), width=19) == [0, 1, 2]
