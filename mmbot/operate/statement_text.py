"""Writes the statement as text for a person, and as plain values for JSON."""

from __future__ import annotations

from typing import Any, Final

from mmbot.domain.money import show
from mmbot.domain.words import counted
from mmbot.operate.reconcile import Reconciliation
from mmbot.operate.statement import Figures, Statement

_TITLES: Final = {
    "strategy": "by strategy",
    "market_type": "by market type",
    "tournament": "by tournament",
    "sport_event": "by sport event",
    "day": "by day",
}
_HEAD: Final = ("", "profit", "realised", "commission", "marked", "closing line", "matched", "matches", "maker")
_MOST_DIFFERENCES: Final = 50


def text_of(period: str, made: Statement, compared: Reconciliation, transactions: int) -> list[str]:
    """Return the lines of a statement.

    Args:
        period: the days and the time zone, for the first line.
        made: the figures.
        compared: the comparison with the exchange's transactions.
        transactions: the number of transactions in the journal.
    """
    total = made.total
    lines = [
        f"statement of {period}",
        f"profit {show(total.profit)} = realised {show(total.realised)} - commission {show(total.commission)} + marked "
        f"{show(total.marked)}",
        f"{counted(total.matches, 'match', 'matches')} of {show(total.matched)}, {total.makers} as maker; closing-line "
        f"value {show(total.closing)} on {show(total.closing_stake)} of stake",
        f"not settled at the end: {show(made.open_stake)} of stake, valued at {show(made.marked_at_end)}"
        + (f"; {show(made.unvalued)} of it has no fair price" if made.unvalued else ""),
    ]
    for dimension, title in _TITLES.items():
        groups = made.by[dimension]
        if not groups or (dimension == "day" and len(groups) < 2):
            continue
        rows = [(title, *_HEAD[1:]), *((name, *_cells(figures)) for name, figures in groups.items())]
        lines += ["", *_aligned(rows)]
    return [*lines, "", *_comparison(compared, transactions)]


def _cells(figures: Figures) -> tuple[str, ...]:
    return (
        show(figures.profit),
        show(figures.realised),
        show(figures.commission),
        show(figures.marked),
        show(figures.closing),
        show(figures.matched),
        str(figures.matches),
        str(figures.makers),
    )


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _comparison(compared: Reconciliation, transactions: int) -> list[str]:
    if not compared.wagers:
        return ["transactions: no wager has a result in this period, so there is nothing to compare"]
    if not transactions:
        return ["transactions: the journal holds none, so nothing was compared with the exchange"]
    head = (
        f"transactions: {counted(compared.wagers, 'wager')} with a result: {show(compared.ours)} by the journal, "
        f"{show(compared.theirs)} by the exchange"
    )
    moved = [f"deposits less withdrawals: {show(compared.moved)}"] if compared.moved else []
    if not compared.differences:
        return [f"{head}: they agree to the cent", *moved]
    lines = [f"{head}: {counted(len(compared.differences), 'difference')}"]
    for each in compared.differences[:_MOST_DIFFERENCES]:
        ours = "nothing" if each.ours is None else show(each.ours)
        theirs = "nothing" if each.theirs is None else show(each.theirs)
        lines.append(f"  {each.about}: {ours} by the journal, {theirs} by the exchange")
    more = len(compared.differences) - _MOST_DIFFERENCES
    if more > 0:
        lines.append(f"  and {counted(more, 'other difference')}")
    return [*lines, *moved]


def values_of(period: str, made: Statement, compared: Reconciliation) -> dict[str, Any]:
    """Return a statement as values for JSON, with money in cents."""
    return {
        "period": period,
        "total": _values(made.total),
        **{dimension: {name: _values(each) for name, each in groups.items()} for dimension, groups in made.by.items()},
        "open_stake": made.open_stake,
        "open_stake_without_fair": made.unvalued,
        "marked_at_end": made.marked_at_end,
        "transactions": {
            "wagers": compared.wagers,
            "journal": compared.ours,
            "exchange": compared.theirs,
            "moved": compared.moved,
            "differences": [each._asdict() for each in compared.differences],
        },
    }


def _values(figures: Figures) -> dict[str, int]:
    return {"profit": figures.profit, **figures._asdict()}
