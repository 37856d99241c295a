"""Whatever bytes come in, mmbot counts them and leaves them out, or rejects them with a clear error. It
does not end, and it keeps no more than its bounds allow.

``coverage_guided.py`` tries the same properties for as long as one likes (docs/fuzzing.md).
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import edited
from surfaces import Surface
from surfaces.all_surfaces import SURFACES

EDITS = st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=4)
every_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)


def changed(surface: Surface, seed: bytes, edits: list[int]) -> bytes:
    for number in edits:
        seed = edited(seed, number, surface.head) if surface.edit is None else surface.edit(seed, number)
    return seed


@every_surface
def test_good_inputs_are_taken(surface: Surface) -> None:
    for seed in surface.seeds:
        surface.check(seed)


@every_surface
def test_bad_inputs_are_left_out_or_rejected(surface: Surface) -> None:
    @given(st.sampled_from(surface.seeds), EDITS)
    @settings(max_examples=surface.examples, suppress_health_check=list(HealthCheck))
    def holds(seed: bytes, edits: list[int]) -> None:
        surface.check(changed(surface, seed, edits))

    holds()
