"""Singular and plural of counted things."""

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
def test_one_thing_is_singular_and_several_are_plural(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said
