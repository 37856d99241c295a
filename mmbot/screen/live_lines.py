"""The table of lines in the live view. Each outcome has a row. If there is little room, each line has one row. The
table has as many columns as fit.

The lines are in the order of the board, so a line keeps its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from rich.text import Text

from mmbot.domain.instant import Instant
from mmbot.domain.odds import Side, implied
from mmbot.domain.wager_states import State
from mmbot.engine.status import EngineStatus, LineStatus, OwnStatus, SportEventStatus
from mmbot.screen.live_figures import DIM, GAIN, amount, bar, fit, odds, profit, span
from mmbot.screen.live_keys import Window

HEADER: Final = "bold reverse"

_MARKS: Final = (
    (State.UNKNOWN, "?", "bold red"),
    (State.PLACING, "…", "yellow"),
    (State.INACTIVE, "…", "yellow"),
    (State.CANCELLING, "×", "magenta"),
)
"""The mark and the style for each state of our wagers except open. The most serious state comes first."""

_LEVEL: Final = 11
_OWN: Final = 12
_TOP: Final = 4
_WORST: Final = 7


class Row(NamedTuple):
    """The values of one row of the table."""

    sport_event: SportEventStatus
    line: LineStatus
    side: Side
    now: Instant
    shares: tuple[float, float]
    """The soft and the hedge threshold of the line, each as a share of the line's limit."""
    grouped: bool
    """True if the sport event has its own row above the rows of its lines."""


class Column(NamedTuple):
    """One column of the table."""

    title: str
    width: int
    right: bool
    cell: Callable[[Row], Text]


def table(status: EngineStatus, width: int, height: int, window: Window | None = None) -> list[Text]:
    """Return the table with its header. It has at most ``height`` rows of exactly ``width`` characters.

    If there is enough room, each line has two rows. Otherwise each line has one row. If there is too little room even
    for these rows, the table shows the page that the reader chose (``window``).
    """
    if height <= 0:
        return []
    window = window or Window()
    lines = lines_of(status, window)
    room = height - 1
    sport_events = len({sport_event.sport_event for sport_event, _ in lines})
    grouped = len(lines) * 2 + sport_events <= room
    if grouped or len(lines) * 2 <= room:
        window.turn_to(len(lines), len(lines))
        return _two_rows_each(status, lines, width, grouped)[:height]
    columns = _compact_columns(width)
    rows = [_join([fit(column.title, column.width, right=column.right) for column in columns], width, HEADER)]
    shares = _shares(status)
    for sport_event, line in lines[window.turn_to(len(lines), room)]:
        row = Row(sport_event, line, 0, status.now, shares, False)
        cells = [fit(column.cell(row), column.width, right=column.right) for column in columns]
        if line.why is not None and not line.own and line.profit == (0, 0):  # the reason says more than empty cells
            cells = [cells[0], Text(f" {line.why}", "yellow")]
        rows.append(_join(cells, width, ""))
    return rows[:height]


def rows_for(status: EngineStatus, window: Window) -> int:
    """Return the number of rows that the table and its header need if each line has one row."""
    return 1 + max(1, len(lines_of(status, window)))


def lines_of(status: EngineStatus, window: Window) -> list[tuple[SportEventStatus, LineStatus]]:
    """Return the lines that the reader chose to see, in the order of the board. The order changes only when a sport
    event starts or is added."""
    return [
        (sport_event, line)
        for sport_event in _by_start(status)
        for line in sport_event.lines
        if window.shows(sport_event, line)
    ]


def _two_rows_each(
    status: EngineStatus, lines: list[tuple[SportEventStatus, LineStatus]], width: int, grouped: bool
) -> list[Text]:
    shares = _shares(status)
    columns = _columns(width, grouped)
    rows = [_join([fit(column.title, column.width, right=column.right) for column in columns], width, HEADER)]
    last: SportEventStatus | None = None
    for sport_event, line in lines:
        if grouped and sport_event is not last:
            rows.append(_sport_event_row(sport_event, status.now, width))
        last = sport_event
        for side in (0, 1):
            row = Row(sport_event, line, side, status.now, shares, grouped)
            rows.append(
                _join([fit(column.cell(row), column.width, right=column.right) for column in columns], width, "")
            )
    if not lines:
        any_line = any(sport_event.lines for sport_event in status.sport_events)
        rows.append(fit(Text("no line is like that" if any_line else _nothing(status), DIM), width))
    return rows


def is_quoted(line: LineStatus) -> bool:
    """Return True if we have open wagers on a line and no reason prevents a quote."""
    return bool(line.own) and line.why is None


def line_name(line: LineStatus) -> str:
    """Return the name of a line. If the name does not contain the line's number, the number is added."""
    number = f"{line.number / 4:g}"
    return line.name if not line.number or number.lstrip("-") in line.name else f"{line.name} {line.number / 4:+g}"


# --- which lines --------------------------------------------------------------------------------------------------


def _by_start(status: EngineStatus) -> list[SportEventStatus]:
    """Return the sport events in order. Future sport events come first, ordered by their start. Started sport events
    come after them."""
    return sorted(
        status.sport_events,
        key=lambda sport_event: (
            sport_event.start is None,
            (sport_event.start or 0) <= status.now,
            sport_event.start or 0,
            sport_event.sport_event,
        ),
    )


def _shares(status: EngineStatus) -> tuple[float, float]:
    for scope in reversed(status.scopes):
        if scope.limit > 0:
            return scope.soft / scope.limit, scope.hedge / scope.limit
    return 1.0, 1.0


# --- columns ------------------------------------------------------------------------------------------------------


def _columns(width: int, grouped: bool) -> list[Column]:
    """Return the columns that fit a width. A narrow screen has fewer columns. A wide screen has longer names and more
    price levels."""
    fair = width >= 92
    levels = 3 if width >= 142 else 2 if width >= 128 else 1
    state = width >= 108
    worst = width >= 64
    fixed = [
        *([Column("FAIR", 5, True, _fair)] if fair else []),
        *(Column("OTHERS" if not level else "", _LEVEL, False, _level(level)) for level in range(levels)),
        Column("OWN", _OWN, False, _own),
        *([Column("TOP", _TOP, False, _top)] if worst else []),
        Column("IF WINS", 8, True, _if_wins),
        *([Column("WORST", _WORST, True, _worst)] if worst else []),
        *([Column("MATCHED", 7, True, _matches)] if fair else []),
    ]
    names = 2 + state
    free = max(0, width - sum(column.width for column in fixed) - len(fixed) - names + 1)
    reason = min(46, free * 4 // 10) if state else 0
    outcome = min(32, (free - reason) * 45 // 100)
    label = min(46, free - reason - outcome)
    return [
        Column("MARKET" if grouped else "SPORT EVENT / MARKET", label, False, _label(not state)),
        Column("OUTCOME", outcome, False, lambda row: Text(row.line.outcomes[row.side])),
        *fixed,
        *([Column("STATE", free - label - outcome, False, _state)] if state else []),
    ]


def _compact_columns(width: int) -> list[Column]:
    """Return the columns of a table with one row for each line. The figures of the two outcomes are next to each
    other."""
    fixed: list[Column] = []
    for side in (0, 1):
        fixed += [
            Column("OTHER", 5, True, _compact_other(side)),
            Column(f"OWN {side + 1}", 6, True, _compact_own(side)),
            *([Column("TOP", _TOP, False, _of(side, _top))] if width >= 56 else []),
        ]
    if width >= 72:
        fixed += [Column(f"WIN {side + 1}", 6, True, _compact_profit(side)) for side in (0, 1)]
        fixed.append(Column("WORST", 6, True, lambda row: Text(amount(row.line.worst_case, 6, places=0))))
    free = max(0, width - sum(column.width for column in fixed) - len(fixed))
    label = min(free, 56) if width >= 100 else free
    state = free - label - 1
    return [
        Column("SPORT EVENT / MARKET", label, False, _compact_label(label, state < 8)),
        *fixed,
        *([Column("STATE", state, False, _state)] if state >= 8 else []),
    ]


def _compact_label(width: int, reason: bool) -> Callable[[Row], Text]:
    """Return a function that makes a cell with the names of the sport event and the market. If ``reason`` is True, the
    cell also marks a line that is not quoted."""

    def cell(row: Row) -> Text:
        market = line_name(row.line)
        room = max(0, width - 2)
        name = row.sport_event.name
        if len(name) + 1 + len(market) > room:
            name = fit(name, max(room // 2, room - 1 - len(market))).plain.rstrip()
        text = Text("! " if reason and row.line.why is not None else "  ", "yellow")
        return text.append(name, "bold").append(f" {market}")

    return cell


def _of(side: Side, cell: Callable[[Row], Text]) -> Callable[[Row], Text]:
    return lambda row: cell(row._replace(side=side))


def _compact_other(side: Side) -> Callable[[Row], Text]:
    def cell(row: Row) -> Text:
        book = row.line.book[side]
        return Text(odds(book[0].odds)) if book else Text("–", DIM)

    return cell


def _compact_own(side: Side) -> Callable[[Row], Text]:
    def cell(row: Row) -> Text:
        mine = [one for one in row.line.own if one.side == side]
        if not mine:
            return Text("– ", DIM)
        mark, style = _mark(mine)
        return Text(f"{odds(max(mine, key=lambda one: implied(one.odds)).odds)}{mark}", style)

    return cell


def _compact_profit(side: Side) -> Callable[[Row], Text]:
    return lambda row: profit(row.line.profit[side], 6)


def _label(reason: bool) -> Callable[[Row], Text]:
    """Return a function that makes the cell on the left of a line's row. The cell names the sport event and the market.
    If the sport event has its own row above, the cell names only the market. If ``reason`` is True, the cell also says
    why the line is not quoted."""

    def cell(row: Row) -> Text:
        line = row.line
        if row.side == 0:
            return Text(f" {line_name(line)}") if row.grouped else Text(row.sport_event.name, "bold")
        if reason and line.why is not None:
            return Text(f" {line.why}", "yellow")
        return Text("" if row.grouped else f" {line_name(line)}", DIM if row.grouped else "")

    return cell


def _fair(row: Row) -> Text:
    fair = row.line.fair
    if fair is None:
        return Text("–", DIM)
    return Text(f"{100 * (fair if row.side == 0 else 1 - fair):.1f}%")


def _level(level: int) -> Callable[[Row], Text]:
    """Return a function that makes a cell with a price that others offer. The cell shows the odds and the stake that a
    taker can still bet."""

    def cell(row: Row) -> Text:
        book = row.line.book[row.side]
        if len(book) <= level:
            return Text("–" if level == 0 else "", DIM)
        one = book[level]
        text = Text(f"{odds(one.odds):<5} ", "" if level == 0 else DIM)
        return text.append(f"{amount(one.value, 5, places=0):>5}", DIM)

    return cell


def _own(row: Row) -> Text:
    """Return the cell about our wagers on the outcome. It shows the odds of our best wager, the unmatched stake of all
    our wagers, and a mark. The mark ``+`` means that there are several wagers. Any other mark means that a wager is not
    open."""
    mine = [one for one in row.line.own if one.side == row.side]
    if not mine:
        return Text("–", DIM)
    best = max(mine, key=lambda one: implied(one.odds))
    mark, style = _mark(mine)
    text = Text(f"{odds(best.odds):<5} ", style)
    return text.append(f"{amount(sum(one.remaining for one in mine), 5):>5}{mark}", style)


def _mark(mine: list[OwnStatus]) -> tuple[str, str]:
    states = [one.state for one in mine]
    for state, mark, style in _MARKS:
        if state in states:
            return mark, style
    return "+" if len(mine) > 1 else " ", "bold cyan"


def _top(row: Row) -> Text:
    """Return how our best price compares with the best price of all makers. The text is ``best`` if only we have the
    best price, and ``same`` if others have it too. Otherwise it is the number of ticks by which our price is worse,
    such as ``-3t``."""
    behind = row.line.behind[row.side]
    if behind is None:
        alone = any(one.side == row.side for one in row.line.own) and not row.line.book[1 - row.side]
        return Text("best", GAIN) if alone else Text("–", DIM)
    if behind < 0:
        return Text("best", GAIN)
    return Text("same", "cyan") if behind == 0 else Text(f"-{behind}t" if behind < 100 else "-99+", "yellow")


def _if_wins(row: Row) -> Text:
    return profit(row.line.profit[row.side], 8)


def _worst(row: Row) -> Text:
    line = row.line
    soft, hedge = (round(share * line.limit) for share in row.shares)
    if row.side == 0:
        return Text(amount(line.worst_case, _WORST))
    matched = max(0, -min(line.profit))
    return bar(line.worst_case, matched, soft, hedge, line.limit, _WORST)


def _matches(row: Row) -> Text:
    if row.side == 0:
        return Text(f"{row.line.matches}×" if row.line.matches else "–", "" if row.line.matches else DIM)
    return Text("")


def _state(row: Row) -> Text:
    line, sport_event = row.line, row.sport_event
    if row.side == 0:
        if line.why is not None:
            return Text(line.why, "yellow")
        return Text("quoted", "green") if line.own else Text("no open wager yet", DIM)
    return Text("" if row.grouped else _when(sport_event, row.now), DIM)


def _when(sport_event: SportEventStatus, now: Instant) -> str:
    if sport_event.start is None:
        return f"{sport_event.status}, no known start"
    ahead = sport_event.start - now
    return f"starts in {span(ahead)}" if ahead > 0 else f"{sport_event.status}, was due {span(-ahead)} ago"


def _sport_event_row(sport_event: SportEventStatus, now: Instant, width: int) -> Text:
    text = Text(sport_event.name, "bold")
    text.append(f"  {sport_event.tournament}  {_when(sport_event, now)}", DIM)
    return fit(text, width)


def _nothing(status: EngineStatus) -> str:
    if status.quoting:
        return "no listed market matches a quoting rule"
    return "no markets read yet"


def _join(cells: list[Text], width: int, style: str) -> Text:
    row = fit(Text(" ").join(cells), width)
    if style:
        row.stylize(style)
    return row
