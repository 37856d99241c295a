"""The duty to end every open wager within a bound after a stop, a kill, a lost feed or a restart."""

from __future__ import annotations

from collections.abc import Iterable

from .records import Breach


class _Duty:
    __slots__ = ("at", "cause", "deadline", "wagers")

    def __init__(self, cause: str, at: int, deadline: int, wagers: Iterable[str]) -> None:
        self.cause = cause
        self.at = at
        self.deadline = deadline
        self.wagers = dict.fromkeys(wagers)


class Duties:
    """The duties that are not fulfilled yet. While the bot's process is dead, it has none."""

    def __init__(self, within: int) -> None:
        self._within = within
        self._open: list[_Duty] = []
        self.took: list[tuple[str, int]] = []
        """For each fulfilled duty its cause and how long it took."""

    def clear(self, cause: str, at: int, wagers: Iterable[str], notice: int = 0) -> None:
        """These wagers have to end; the bot may need ``notice`` to learn why."""
        duty = _Duty(cause, at, at + notice + self._within, wagers)
        if duty.wagers:
            self._open.append(duty)

    def disturbed(self, until: int) -> None:
        """A request was disturbed until ``until``: the bound counts from there."""
        for duty in self._open:
            duty.deadline = max(duty.deadline, until + self._within)

    def ended(self, wager_id: str, at: int) -> None:
        """A wager cannot match any more."""
        for duty in self._open:
            if wager_id in duty.wagers:
                del duty.wagers[wager_id]
                if not duty.wagers:
                    self.took.append((duty.cause, at - duty.at))
        self._open = [duty for duty in self._open if duty.wagers]

    def died(self) -> None:
        """The bot's process died, so nobody can fulfil its duties."""
        self._open.clear()

    def late(self, at: int) -> Breach | None:
        """The breach of a duty whose deadline has passed."""
        for duty in self._open:
            if at > duty.deadline:
                text = f"{len(duty.wagers)} wagers still open {(at - duty.at) / 1e9:.1f} s after {duty.cause}"
                return Breach(at, "clear after a stop", f"{text}: {', '.join(list(duty.wagers)[:3])}")
        return None
