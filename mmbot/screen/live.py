"""The live view. It shows a daemon's whole status on one screen, and updates the screen a few times a second.

The pure function ``screen`` turns a status into rows of text for a given size. ``watch`` reads and shows the status
repeatedly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from mmbot.domain.instant import SECOND, iso
from mmbot.domain.money import Cents, show
from mmbot.domain.words import counted
from mmbot.engine.status import EngineStatus, GuardStatus, MatchStatus, ScopeStatus
from mmbot.screen.console import console_on
from mmbot.screen.daemon_status import (
    Unreachable,
    balance_text,
    kill_switch_text,
    price_file_text,
    quoting_text,
    trouble_text,
)
from mmbot.screen.live_figures import DIM, GAIN, Figure, amount, bar, danger, fit, odds, profit, row_of, span
from mmbot.screen.live_keys import Keyboard, Window
from mmbot.screen.live_lines import lines_of, rows_for, table

EVERY_S: Final = 0.25
"""The time between two updates of the screen, in seconds."""

LINE_EVERY_S: Final = 5.0
"""The time between two lines of text if the output is not a terminal, in seconds."""

_BELOW: Final = 6  # rows for scopes and matches, headers included
_LEAST_BELOW: Final = 3  # fewer rows than this would show hardly anything
_SCOPES_WIDTH: Final = 48
_KEY: Final = "█ matched ▒ could match"
_SHORT_KEY: Final = "█ matched ▒ open"


class Caption(NamedTuple):
    """The texts of a screen that do not come from the daemon."""

    title: str = "mmbot"
    rate: float = 1.0
    """The speed of the daemon's clock. The value 1 means real time."""
    note: str = " Ctrl-C ends this view; the daemon keeps running"
    waiting: str = "waiting for the daemon"
    """The text that is shown while no daemon answers."""


def screen(
    status: EngineStatus | None, width: int, height: int, caption: Caption, window: Window | None = None
) -> list[Text]:
    """Return one screen. It has at most ``height`` rows of exactly ``width`` characters.

    Args:
        status: the status to show. None until a daemon answers.
        window: the lines that the reader chose to see. None if the reader has no keys to choose lines.
    """
    if status is None:
        rows = [fit(Text(f" {caption.title}  {caption.waiting}", "bold reverse"), width)]
        return [*rows, fit(Text(caption.note, DIM), width)][:height]
    head = [_title(status, width, caption), *_money(status, width), *_trouble(status, width)]
    head += _guards(status, width, max(1, height // 8))
    chosen = window or Window()
    free = height - len(head) - 1
    foot = [fit(Text(caption.note, DIM), width)]
    if free < 3:
        return [*head, *foot][:height]
    # As many lines as possible, then scopes and matches in the rows that are left, if these are worth it.
    left = free - rows_for(status, chosen)
    below = min(left, _BELOW) if left >= _LEAST_BELOW else 0
    lines = table(status, width, free - below, chosen)
    foot = [_foot(status, width, caption, window)]
    if below:
        foot = [*_below(status, width, free - len(lines)), *foot]
    blank = [fit("", width)] * (height - len(head) - len(lines) - len(foot))
    return [*head, *lines, *foot[:-1], *blank, foot[-1]]


def line(status: EngineStatus | None, waiting: str = Caption().waiting) -> str:
    """Return the status as one line of plain text. It is for an output that is not a terminal."""
    if status is None:
        return waiting
    counts = status.counts
    account = next((scope for scope in status.scopes if scope.scope == "account"), None)
    parts = [
        f"{iso(status.now)[:19]}Z {status.phase}",
        f"feed {'up' if status.feed_up else 'DOWN'}",
        quoting_text(status),
        f"{counted(counts.open_wagers, 'wager')} open",
        f"{counted(counts.matches, 'match', 'matches')} of {show(counts.matched_stake)}",
    ]
    if account is not None:
        parts.append(f"worst case {show(account.worst_case)} of {show(account.limit)}")
    parts.append(f"realised {show(status.profit.today_realised - status.profit.today_commission)}")
    parts.append(f"marked {show(status.profit.today_marked)}")
    if (kill_switch := kill_switch_text(status)) is not None:
        parts.append(kill_switch)
    names = dict.fromkeys(guard.guard for guard in status.guards)
    parts.append(f"guards: {', '.join(names)}" if names else "no guard holds")
    return "; ".join(parts)


def watch(
    read: Callable[[], EngineStatus | None],
    wait: Callable[[float], bool],
    console: Console,
    caption: Callable[[], Caption],
    *,
    plain: bool = False,
    on_quit: Callable[[], None] = lambda: None,
) -> None:
    """Show the status repeatedly until ``wait`` returns True.

    Args:
        read: a function that returns the present status, or None if no daemon answers.
        wait: a function that waits for at most the given number of seconds. It returns True if the view should end.
        console: the output. If it is a terminal, the full screen is used.
        caption: a function that returns the texts around the status. It is called at each update.
        plain: True to print a line every few seconds instead of using the full screen.
        on_quit: a function that is called when the reader presses the key that quits.
    """
    if plain or not console.is_terminal:
        _write_lines(read, wait, console, caption)
        return
    window = Window()
    with (
        Keyboard() as keyboard,
        Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live,
    ):
        while True:
            status = read()
            width, height = console.size
            chosen = window if keyboard.usable else None
            live.update(Group(*screen(status, width, height, caption(), chosen)), refresh=True)
            if wait(EVERY_S):
                return
            window.press(keyboard.pressed())
            if window.quit:
                window.quit = False
                on_quit()


def follow(read: Callable[[], EngineStatus]) -> None:
    """Show a running daemon until Ctrl-C. While no daemon answers, show the address that is tried."""
    caption = Caption()
    quits = False

    def try_to_read() -> EngineStatus | None:
        nonlocal caption
        try:
            return read()
        except Unreachable as silent:
            caption = Caption(waiting=f"waiting: {silent}")
            return None

    def wait(seconds: float) -> bool:
        if not quits:
            time.sleep(seconds)
        return quits

    def end() -> None:
        nonlocal quits
        quits = True

    with suppress(KeyboardInterrupt):
        watch(try_to_read, wait, console_on(), lambda: caption, on_quit=end)


def _write_lines(
    read: Callable[[], EngineStatus | None],
    wait: Callable[[float], bool],
    console: Console,
    caption: Callable[[], Caption],
) -> None:
    due = 0.0
    while True:
        status = read()
        if time.monotonic() >= due:
            due = time.monotonic() + LINE_EVERY_S
            console.out(line(status, caption().waiting), highlight=False)
        if wait(EVERY_S):
            return


def _foot(status: EngineStatus, width: int, caption: Caption, window: Window | None) -> Text:
    """Return the bottom row of the screen. It names the keys of the view, and says how to end the view."""
    if window is None:
        return fit(Text(caption.note, DIM), width)
    keys = Text(window.text(len(lines_of(status, window))), DIM)
    return row_of([Figure(0, keys), Figure(1, Text(f" {caption.note}", DIM))], width)


# --- the parts of the screen --------------------------------------------------------------------------------------


def _title(status: EngineStatus, width: int, caption: Caption) -> Text:
    text = Text(f" {caption.title} ", "bold")
    if status.latched is not None:
        stored = status.latch_unstored is None
        text.append(" KILL SWITCH ON " if stored else " KILL SWITCH ON, NOT STORED ", "bold white on red")
    elif status.may_quote and not status.lines.quotable:
        text.append(" NOTHING TO QUOTE ", "bold black on yellow")
    elif status.may_quote:  # no guard of the account holds; each line has its own reason
        lines = status.lines
        if lines.quoted == lines.quotable:
            text.append(f" QUOTING {lines.quoted} ", "bold black on green")
        else:
            text.append(f" QUOTING {lines.quoted}/{lines.quotable} ", "bold black on yellow")
    else:
        text.append(f" {status.phase.upper()} ", "bold black on yellow")
    age = "" if status.feed_age_s is None else f" {status.feed_age_s:.1f}s"
    day, time_of_day = iso(status.now)[:19].split("T")
    figures = [
        Figure(0, text),
        Figure(1, Text(f"  feed {'up' if status.feed_up else 'DOWN'}{age}", GAIN if status.feed_up else "bold red")),
        Figure(6, Text(f"  {day}")),
        Figure(5, Text(f"  {time_of_day}Z")),
        Figure(2, Text(f"  ×{caption.rate:g}" if caption.rate != 1.0 else "", "magenta")),
        Figure(3, Text(f"  balance {balance_text(status)}")),
        Figure(4, Text("  clear" if status.clear else "", "bold")),
    ]
    return row_of(figures, width)


def _money(status: EngineStatus, width: int) -> list[Text]:
    gains, counts = status.profit, status.counts
    net = gains.today_realised - gains.today_commission
    today = Text(" profit today ").append_text(profit(gains.today, 12))
    marked = Text("  marked ").append_text(profit(gains.today_marked, 12))
    realised = Text("  realised ").append_text(profit(gains.today_realised, 12))
    realised.append(f" - commission {amount(gains.today_commission, 9)} = ").append_text(profit(net, 12))
    if sum(text.cell_len for text in (today, realised, marked)) > width:
        realised = Text("  realised net ").append_text(profit(net, 12))
    money = [Figure(0, today), Figure(1, realised), Figure(2, marked)]
    unknown = counts.unknown_wagers
    tally = [
        Figure(0, Text(f" matches {counts.matches} of {show(counts.matched_stake)}")),
        Figure(3, Text(f"  hedges {counts.hedges}")),
        Figure(2, Text(f"  wagers {counts.open_wagers} open")),
        Figure(1 if unknown else 6, Text(f"  {unknown} unknown", "bold red" if unknown else "")),
        Figure(4, Text(f"  {counts.placed} placed")),
        Figure(5, Text(f"  {counts.cancelled} cancelled")),
        Figure(7, Text(f"  requests {counts.requests}")),
        Figure(8, Text(f"  book differences {counts.book_differences}")),
    ]
    return [row_of(money, width), row_of(tally, width)]


def _trouble(status: EngineStatus, width: int) -> list[Text]:
    texts = (trouble_text(status), price_file_text(status))
    rows = [fit(Text(f" {text}", "bold red"), width) for text in texts if text is not None]
    if status.may_quote and status.lines.why_not is not None:
        rows.append(fit(Text(f" {quoting_text(status)}", "yellow"), width))
    return rows


def _guards(status: EngineStatus, width: int, rows: int) -> list[Text]:
    """Return the rows with the guards (reasons not to quote). The guards of the account come first. If there are more
    guards than rows, the bottom row has the names of the guards that do not fit, and how many of each name there
    are."""
    guards = sorted(
        status.guards, key=lambda guard: (guard.scope != "account", not guard.scope.startswith("sport event"))
    )
    if status.latched is not None:
        guards.sort(key=lambda guard: guard.guard != "latch")
    if not guards:
        return [fit(Text(" no guard holds", GAIN), width)]
    single = guards if len(guards) <= rows else guards[: rows - 1]
    shown = [_guard(guard, status, width) for guard in single]
    rest = guards[len(single) :]
    if rest:
        names: dict[str, int] = {}
        for guard in rest:
            names[guard.guard] = names.get(guard.guard, 0) + 1
        counted = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in names.items())
        shown.append(fit(Text(f" guards {'and ' if single else ''}{counted}", "yellow"), width))
    return shown


def _guard(guard: GuardStatus, status: EngineStatus, width: int) -> Text:
    text = Text(f" guard {guard.guard}", "bold yellow")
    text.append(f" {_scope_name(guard.scope, status)}: {guard.reason} for {span(status.now - guard.since)}", "yellow")
    return fit(text.append(f"; lifted when: {guard.lifts}", DIM), width)


def _scope_name(scope: str, status: EngineStatus) -> str:
    return next(
        (sport_event.name for sport_event in status.sport_events if scope == f"sport event {sport_event.sport_event}"),
        scope,
    )


def _below(status: EngineStatus, width: int, height: int) -> list[Text]:
    """Return the lower rows of the screen. They show the worst cases by scope (such as a market or the account) and the
    newest matches. On a wide screen, the worst cases and the matches are next to each other."""
    if width < _SCOPES_WIDTH + 24:
        return _scopes(status.scopes, width, height)
    left = min(width // 2, 84) if width >= 2 * _SCOPES_WIDTH else _SCOPES_WIDTH
    scopes = _scopes(status.scopes, left, height)
    matches = _matches(status, width - left - 1, height)
    rows = max(len(scopes), len(matches))
    scopes += [fit("", left)] * (rows - len(scopes))
    matches += [fit("", width - left - 1)] * (rows - len(matches))
    return [Text(" ").join(pair) for pair in zip(scopes, matches, strict=True)]


def _scopes(scopes: tuple[ScopeStatus, ...], width: int, height: int) -> list[Text]:
    worst, limit = 9, 7
    name = max(8, min(34, (width - worst - limit - 3) // 2))
    meter = max(0, width - name - worst - limit - 3)
    rows = [
        _row(
            (
                ("FULLEST SCOPES", name),
                ("WORST", worst),
                (_KEY if meter >= len(_KEY) else _SHORT_KEY, meter),
                ("LIMIT", limit),
            ),
            True,
        )
    ]
    for scope in scopes[-max(1, height - 1) :]:  # the account comes last, and each line shows its own worst case
        cells = [
            fit(f"{scope.scope.replace('_', ' ')} {scope.name}".rstrip(), name),
            fit(
                Text(amount(scope.worst_case, worst), danger(scope.matched, scope.soft, scope.hedge)), worst, right=True
            ),
            bar(scope.worst_case, scope.matched, scope.soft, scope.hedge, scope.limit, meter),
            fit(amount(scope.limit, limit, places=0), limit, right=True),
        ]
        rows.append(fit(Text(" ").join(cells), width))
    return [fit(row, width) for row in rows[:height]]


def _row(cells: tuple[tuple[str, int], ...], header: bool) -> Text:
    right = ("WORST", "LIMIT")
    text = Text(" ").join([fit(title, width, right=title in right) for title, width in cells])
    text.stylize("bold reverse" if header else "")
    return text


def _matches(status: EngineStatus, width: int, height: int) -> list[Text]:
    header = fit("LATEST MATCHES", width)
    header.stylize("bold reverse")
    rows = [header]
    names = {sport_event.sport_event: sport_event.name for sport_event in status.sport_events}
    for match in sorted(status.matches, key=lambda match: match.at, reverse=True)[: max(0, height - 1)]:
        rows.append(_match(match, status, names.get(match.sport_event, ""), width))
    if not status.matches and height > 1:
        rows.append(fit(Text("none yet", DIM), width))
    return rows[:height]


def _match(match: MatchStatus, status: EngineStatus, sport_event: str, width: int) -> Text:
    stake: Cents = match.stake
    recent = status.now - match.at < 5 * SECOND
    cells = [
        fit(iso(match.at)[11:19], 8),
        fit(odds(match.odds), 5, right=True),
        fit(amount(stake, 7), 7, right=True),
        fit("H" if match.hedge else " ", 1),
    ]
    text = Text(" ").join(cells)
    text.append(f" {match.outcome}")
    if sport_event:
        text.append(f"  {sport_event}", DIM)
    if recent:
        text.stylize("bold cyan", 0, 8)
    return fit(text, width)
