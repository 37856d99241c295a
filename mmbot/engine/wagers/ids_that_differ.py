"""Decides what follows from a report with the ``external_id`` of one wager and the ``wager_id`` of another."""

from __future__ import annotations

from msgspec.structs import replace

from mmbot.domain.wager import WagerReport
from mmbot.engine.wagers.changes import Change, Changes
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import Wager


def dispute(
    by_id: dict[str, Wager], wager: Wager | None, other: Wager, report: WagerReport, from_read: bool
) -> Changes:
    """Handle a report with the ``external_id`` of ``wager`` and the ``wager_id`` of ``other``. The ``external_id``
    is ours and unique. So if the report is the answer to a read, and has the line and odds of ``wager``, the two
    wagers exchange their ``wager_id``s. A message alone does not move an id.

    Args:
        by_id: the wagers by their ``wager_id``.
        from_read: true if the report is the answer to a read.
    """
    if other.external_id == report.wager_id:
        return ()  # two wagers at the exchange have one external_id, and each counts on its own
    if wager is None:
        return () if agrees(other, report) else (Change(Kind.IDS_DIFFER, other),)
    if from_read and agrees(wager, report):
        former = wager.wager_id
        wager.wager_id, other.wager_id = report.wager_id, former
        by_id[report.wager_id] = wager
        if former is not None:
            by_id[former] = other
    return Change(Kind.IDS_DIFFER, wager), Change(Kind.IDS_DIFFER, other)


def about(wager: Wager | None, other: Wager | None, report: WagerReport) -> tuple[Wager | None, WagerReport]:
    """Return the wager that a report counts for, and the report to apply to it. The wager is None if neither is meant.

    Args:
        wager: the wager with the ``external_id`` of the report.
        other: the wager with the ``wager_id`` of the report, if it is another one.
    """
    if wager is None:
        return other, report
    if wager.wager_id is None or wager.wager_id == report.wager_id or not report.wager_id:
        return wager, report
    if other is not None and other.external_id != report.wager_id and agrees(wager, report):
        return wager, report
    # Two wagers at the exchange have one external_id, or this id is false. The wager with the wager_id counts on its
    # own. If there is none, the report is about a wager that is not ours.
    return other, replace(report, external_id="")


def agrees(wager: Wager, report: WagerReport) -> bool:
    """Return whether a report has the line, outcome and odds of a wager."""
    return wager.line_id == report.line_id and wager.odds == report.odds
