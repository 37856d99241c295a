"""Compare the bot's figures with the exchange's, to the cent, where things were quiet for long enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .arithmetic import commission, result_of
from .records import Breach, Claim, Entry

if TYPE_CHECKING:
    from .judge import Judge

RULE = "figures equal the exchange's"


def differences(judge: Judge, at: int, claim: Claim, since: int) -> list[Breach]:
    """The figures of the bot that differ from the exchange's."""
    within = judge.bounds.agree_within
    if at - since < within:
        return []
    found = list(_lines(judge, at, claim))
    if all(_quiet(judge, line, at) for line in judge.changed):
        found += _totals(judge, at, claim)
    return [Breach(at, RULE, text) for text in found]


def _quiet(judge: Judge, line: str, at: int) -> bool:
    changed = max(judge.changed.get(line, 0), judge.doubtful.get(line, 0))
    return at - changed >= judge.bounds.agree_within


def _lines(judge: Judge, at: int, claim: Claim) -> Iterator[str]:
    live = {wager.external_id: wager for wager in judge.live()}
    quiet = {line: None for line in claim.positions if _quiet(judge, line, at)}
    for line in quiet:
        truth = judge.exposure.position(line)
        slack = 0 if judge.bounds.win_shown else unknown_cents(judge, line)
        if not all(gain - slack <= said <= gain for said, gain in zip(claim.positions[line], truth, strict=False)):
            yield f"position of {line}: {claim.positions[line]}, at the exchange {truth}"
        if not 0 <= claim.worst[line] - judge.exposure.worst_of(line) <= slack:
            yield f"worst case of {line}: {claim.worst[line]}, at the exchange {judge.exposure.worst_of(line)}"
    for external_id, wager in live.items():
        if wager.place.line in quiet and claim.open.get(external_id) != wager.could_match:
            left = claim.open.get(external_id)
            yield f"{external_id} is open with {wager.could_match} cents at the exchange; the bot says {left}"
    known = {wager.external_id: wager for wager in judge.wagers.values()} if claim.open else {}
    for external_id, left in claim.open.items():
        wager = known.get(external_id)
        if external_id in live or wager is None:
            continue
        expired = wager.expires and at - judge.ended_at.get(wager.wager_id, at) > judge.bounds.expired_within
        if expired or wager.place.line in quiet:
            yield f"{external_id} is not open at the exchange; the bot says {left} cents"


def unknown_cents(judge: Judge, line: str | None) -> int:
    """By how many cents the wins of all matches of a line, or of all lines, may be greater than the bot can know: both
    stakes of a match are rounded to the cent, and the longer odds multiply the rounding."""
    cents = 0
    for wager in judge.wagers.values():
        if wager.matched and (line is None or wager.place.line == line):
            cents += judge.pieces.get(wager.wager_id, 1) * (1 + max(100, abs(wager.odds)) // 100)
    return cents


def _totals(judge: Judge, at: int, claim: Claim) -> Iterator[str]:
    live = judge.live()
    if claim.open_count != len(live):
        yield f"{len(live)} wagers are open at the exchange; the bot says {claim.open_count}"
    locked = sum(wager.matched for wager in judge.wagers.values() if wager.result == "tbd" and wager.status != "void")
    if claim.locked != locked:
        yield f"{locked} cents are locked at the exchange; the bot says {claim.locked}"
    worst = judge.exposure.worst.get(("account", ""), 0)
    slack = 0 if judge.bounds.win_shown else unknown_cents(judge, None)
    if claim.account_worst is not None and not 0 <= claim.account_worst - worst <= slack:
        yield f"worst case of the account: {worst} at the exchange; the bot says {claim.account_worst}"
    gross = gross_by_market(judge)
    estimated = sum(at - settled_at <= judge.bounds.charged_within for settled_at in judge.settled_at.values())
    realised, charged = sum(gross.values()), sum(_commission(judge, gain) for gain in gross.values())
    if not 0 <= realised - claim.realised <= slack:
        yield f"profit before commission: {realised} at the exchange; the bot says {claim.realised}"
    elif not judge.market_moved and not -estimated <= charged - claim.commission <= slack + estimated:
        yield f"commission: {charged} at the exchange; the bot says {claim.commission}"


def gross_by_market(judge: Judge) -> dict[str, int]:
    """Profit of the results so far, before commission, by market."""
    gross: dict[str, int] = {}
    for wager in judge.wagers.values():
        if wager.result != "tbd" and wager.matched:
            market = wager.place.market
            gross[market] = gross.get(market, 0) + result_of(wager.result, wager.matched, wager.win)
    return gross


def wrong_transactions(judge: Judge, at: int, entries: Sequence[Entry], deposited: int, balance: int) -> list[Breach]:
    """The markets whose transactions do not add up to the results of the wagers."""
    moved: dict[str, int] = {}
    for entry in entries:
        if entry.market is not None:
            moved[entry.market] = moved.get(entry.market, 0) + entry.amount
    owed = {market: gain - _commission(judge, gain) for market, gain in gross_by_market(judge).items()}
    for wager in judge.wagers.values():  # a stake without a result left the balance
        if wager.result == "tbd" and wager.status != "void":
            held = wager.could_match if judge.bounds.at_placement and wager.status == "open" else 0
            owed[wager.place.market] = owed.get(wager.place.market, 0) - wager.matched - held
    texts = [
        f"transactions of market {market}: {moved.get(market, 0)}, results {owed.get(market, 0)}"
        for market in {**moved, **owed}
        if moved.get(market, 0) != owed.get(market, 0)
    ]
    total = sum(entry.amount for entry in entries)
    if total != balance:
        texts.append(f"transactions add up to {total}, the balance is {balance}")
    if deposited + sum(owed.values()) != balance and not texts:
        texts.append(f"deposits and results add up to {deposited + sum(owed.values())}, the balance is {balance}")
    return [Breach(at, "money in transactions", text) for text in texts]


def _commission(judge: Judge, gain: int) -> int:
    return commission(gain, judge.bounds.commission_percent, judge.bounds.commission_rounding)
