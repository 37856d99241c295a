"""Turns a status into text. The text is the whole status, or the answer to "why is a market not being quoted?"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmbot.domain.instant import SECOND, Duration, iso
from mmbot.domain.money import show
from mmbot.domain.words import counted
from mmbot.engine.status import EngineStatus, GuardStatus, LineStatus, SportEventStatus
from mmbot.engine.step import Step
from mmbot.screen.daemon_status import balance_text, kill_switch_text, price_file_text, quoting_text, trouble_text

_BEFORE: Final = tuple(step for step in Step if step not in (Step.READY, Step.ENDED))
"""The steps of the bot from its start until it quotes, from the earliest to the latest."""

_CAUSES: Final = {
    "start": "the bot is still starting",
    "kill": "the kill switch was turned on and the bot cancels everything",
    "feed": "the feed was lost and the bot cancels everything and starts over",
    "stood_still": "the process stood still and the bot cancels everything and starts over",
    "stop": "the bot is stopping",
}
"""The cause of the bot's present step in words, by the value of ``EngineStatus.cause``."""


def status_text(status: EngineStatus) -> str:
    """Return the whole status in lines of plain text."""
    return (
        "\n".join(
            [
                *_head(status),
                *_trouble(status),
                "",
                *_scopes(status),
                "",
                *_guards(status),
                "",
                *_sport_events(status),
                *_positions(status),
            ]
        )
        + "\n"
    )


def why_text(status: EngineStatus) -> str:
    """Explain why markets are not being quoted. The reasons for all markets come first, and the reasons for each sport
    event follow."""
    lines = list(_head(status)[:2])
    everywhere = [guard for guard in status.guards if guard.scope == "account"]
    lines.append("")
    if everywhere:
        lines.append("Nothing is quoted, because:")
        lines += [f"  {_guard(guard, status)}" for guard in everywhere]
    lines += [*_step(status), *_trouble(status), *_unread(status)]
    total = sum(len(sport_event.lines) for sport_event in status.sport_events)
    if not total and not _has_read_books(status):
        return "\n".join(lines) + "\n"  # the markets are not known yet
    quoted = sum(1 for sport_event in status.sport_events for line in sport_event.lines if _is_quoted(line))
    lines.append(f"{quoted} of {total} lines with a quoting rule are quoted.")
    if not total:
        lines.append(
            "No listed market matches a quoting rule: compare `match` in the settings with the listed markets."
        )
    for sport_event in status.sport_events:
        silent = [line for line in sport_event.lines if not _is_quoted(line)]
        held = [guard for guard in status.guards if guard.scope == f"sport event {sport_event.sport_event}"]
        if not silent and not held:
            continue
        lines += [
            "",
            f"{sport_event.name} ({sport_event.sport_event}, {sport_event.status}, {_start(sport_event, status)})",
        ]
        lines += [f"  {_guard(guard, status)}" for guard in held]
        for reason, names in _by_reason(silent).items():
            shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            lines.append(f"  {reason}: {shown}")
    return "\n".join(lines) + "\n"


def _step(status: EngineStatus) -> Iterator[str]:
    """Yield a sentence about the bot's present step, if the bot does not quote yet or has ended."""
    place = next((place for place, step in enumerate(_BEFORE, 1) if step.value == status.phase), None)
    if place is not None:
        yield (
            f"Nothing is quoted, because {_CAUSES.get(status.cause, status.cause)}: {status.phase} "
            f"(step {place} of {len(_BEFORE)} before it {'ends' if status.cause == 'stop' else 'quotes'})"
        )
    elif status.phase == Step.ENDED.value:
        yield "Nothing is quoted, because the bot has ended."


def _unread(status: EngineStatus) -> Iterator[str]:
    """Yield a text about each wager that cannot be read. A wager that is over does not stop quoting, but a person has
    to check it."""
    count = status.counts.unread_wagers
    if count:
        yield f"{counted(count, 'wager')} could not be read as a whole; look at the exchange's own page:"
        yield from (f"  {named}" for named in status.unread)
        if count > len(status.unread):
            yield f"  and {count - len(status.unread)} more"


def _trouble(status: EngineStatus) -> Iterator[str]:
    for text in (trouble_text(status), price_file_text(status)):
        if text is not None:
            yield text


def _has_read_books(status: EngineStatus) -> bool:
    return bool(status.sport_events) or status.phase in (Step.HOLD.value, Step.READY.value)


def _head(status: EngineStatus) -> list[str]:
    kill_switch = kill_switch_text(status) or "kill switch off"
    age = "no message yet" if status.feed_age_s is None else f"last message {status.feed_age_s:.1f} s ago"
    profit, counts = status.profit, status.counts
    return [
        f"{iso(status.now)[:19]}Z  {status.phase}, {quoting_text(status)}, {kill_switch}",
        f"feed {'up' if status.feed_up else 'DOWN'}, {age}; {'clear' if status.clear else 'not clear'}; "
        f"{counted(counts.open_wagers, 'wager')} open, {counts.unknown_wagers} of unknown outcome",
        f"balance {balance_text(status)}, {show(status.locked)} locked in "
        f"matches; worth {'unknown' if status.equity is None else show(status.equity)}",
        f"profit today {show(profit.today)}: realised {show(profit.today_realised)} less commission "
        f"{show(profit.today_commission)}, marked {show(profit.today_marked)}; of all days realised "
        f"{show(profit.realised)} less commission {show(profit.commission)}, marked {show(profit.marked)}",
        f"{counted(counts.matches, 'match', 'matches')} of {show(counts.matched_stake)}; {counts.placed} placed, "
        f"{counts.cancelled} cancelled, {counted(counts.hedges, 'hedge')}, {counted(counts.requests, 'request')}, "
        f"{counted(counts.book_differences, 'book difference')}",
    ]


def _scopes(status: EngineStatus) -> Iterator[str]:
    yield f"{'worst case of':<44}{'now':>12}{'matched':>12}{'soft':>12}{'hedge':>12}{'limit':>12}"
    for scope in status.scopes:
        kind = scope.scope.replace("_", " ")
        figures = (scope.worst_case, scope.matched, scope.soft, scope.hedge, scope.limit)
        yield f"{_cut(f'{kind} {scope.name}', 43):<44}" + "".join(f"{show(figure):>12}" for figure in figures)


def _guards(status: EngineStatus) -> Iterator[str]:
    if not status.guards:
        yield "no guard holds"
    for guard in status.guards:
        yield f"guard {_guard(guard, status)}"


def _guard(guard: GuardStatus, status: EngineStatus) -> str:
    return (
        f"{guard.guard} ({guard.scope}): {guard.reason}; for {_span(status.now - guard.since)}; "
        f"lifted when: {guard.lifts}"
    )


def _sport_events(status: EngineStatus) -> Iterator[str]:
    for sport_event in status.sport_events:
        told = f"{sport_event.tournament}, {sport_event.status}, {_start(sport_event, status)}"
        yield f"{sport_event.name} ({sport_event.sport_event}, {told})"
        for line in sport_event.lines:
            yield f"  {line.name}: {line.why or 'quoted'}"
            for side in (0, 1):
                book = "  ".join(f"{level.odds:+d} {show(level.value)}" for level in line.book[side]) or "-"
                own = "  ".join(
                    f"{one.odds:+d} {show(one.remaining)} {one.state}" for one in line.own if one.side == side
                )
                yield f"    {_cut(line.outcomes[side], 24):<24} book {book:<48} own {own or '-'}"
            fair = "none" if line.fair is None else f"{line.fair:.3f}"
            yield (
                f"    fair {fair}; profit {show(line.profit[0])} / {show(line.profit[1])}; {show(line.locked)} locked; "
                f"worst case {show(line.worst_case)} of {show(line.limit)}; {counted(line.matches, 'match', 'matches')}"
            )


def _positions(status: EngineStatus) -> Iterator[str]:
    """Yield a text about each wager on a line that no quoting rule quotes now."""
    if status.positions:
        yield ""
        yield "wagers on other lines, such as sport events in play"
    for position in status.positions:
        told = position.tournament or "tournament not known yet"
        profit = "" if position.profit is None else f"profit {show(position.profit[0])} / {show(position.profit[1])}; "
        yield f"  {position.name} ({position.sport_event}, {told})"
        yield (
            f"    {profit}{show(position.remaining)} could still match; {show(position.locked)} locked; "
            f"worst case {show(position.worst_case)}"
        )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _is_quoted(line: LineStatus) -> bool:
    return bool(line.own) and line.why is None


def _by_reason(lines: list[LineStatus]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for line in lines:
        reasons.setdefault(line.why or "no open wager yet", []).append(line.name)
    return reasons


def _start(sport_event: SportEventStatus, status: EngineStatus) -> str:
    if sport_event.start is None:
        return "no known start"
    ahead = sport_event.start - status.now
    return f"starts in {_span(ahead)}" if ahead >= 0 else f"due to start {_span(-ahead)} ago"


def _span(duration: Duration) -> str:
    whole = max(0, duration) // SECOND
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
