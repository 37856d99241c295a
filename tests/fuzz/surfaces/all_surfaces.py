"""The list of all surfaces."""

from __future__ import annotations

from typing import Final

from surfaces import (
    Surface,
    answers,
    door,
    event_logs,
    feed,
    http_answers,
    journal_file,
    own_prices,
    settings_file,
    state_files,
    tapes,
    v4_reads,
)

SURFACES: Final[tuple[Surface, ...]] = tuple(
    module.SURFACE
    for module in (
        feed,
        answers,
        http_answers,
        settings_file,
        tapes,
        journal_file,
        own_prices,
        door,
        state_files,
        event_logs,
        v4_reads,
    )
)
