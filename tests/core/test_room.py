"""Counting what others have, or are about to have, on the load balancer."""

import pytest

from gco_stream.core.models import EndpointName
from gco_stream.core.room import Room, taken_by_others
from tests.builders import NAME

OTHER = EndpointName("mistral")

pytestmark = pytest.mark.behaviour("B19")


def test_everybody_but_oneself_counts_once_with_the_most_that_is_known() -> None:
    listed = {"inference-llama": 2, "inference-mistral": 1, "inference-phi": 1}
    taken = {"inference-mistral": 2, "inference-qwen": 1}

    assert taken_by_others(NAME, listed, taken) == 2 + 1 + 1
    assert taken_by_others(NAME, listed) == 1 + 1


def test_a_count_gathers_what_is_being_taken_at_its_beginning_and_until_its_end() -> None:
    room = Room()
    with room.taking(NAME, 1):
        counting = room.counting()
        taken = counting.__enter__()
    with room.taking(OTHER, 2):
        pass

    assert dict(taken) == {"inference-llama": 1, "inference-mistral": 2}
    counting.__exit__(None, None, None)
    with room.taking(EndpointName("late"), 1):
        assert "inference-late" not in taken
    with room.counting() as nothing:
        assert dict(nothing) == {}
