"""One of a thing is not said like several."""

import pytest

from mmbot.domain.words import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("cancel",), "0 cancels"),
        (1, ("cancel",), "1 cancel"),
        (2, ("cancel",), "2 cancels"),
        (1, ("match", "matches"), "1 match"),
        (3, ("match", "matches"), "3 matches"),
    ],
)
def test_a_number_of_things_is_said_as_a_person_would(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said
