"""Every guard, triggered: it has its reason, its scope has no open wagers, and it is lifted as documented."""

from __future__ import annotations

import pytest
from guard_cases import of_lines, of_sport_events, of_the_account

from mmbot.engine.risk.guards import GUARDS

CASES = of_the_account.CASES.by_guard | of_sport_events.CASES.by_guard | of_lines.CASES.by_guard


@pytest.mark.parametrize("guard", [guard.name for guard in GUARDS])
def test_a_guard_gives_its_reason_cancels_its_scope_and_is_lifted_as_documented(guard: str) -> None:
    assert guard in CASES, f"{guard} is never provoked"
    CASES[guard]()


def test_every_case_belongs_to_an_existing_guard() -> None:
    assert set(CASES) == {guard.name for guard in GUARDS}
