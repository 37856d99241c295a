"""Turn what the exchange and the bot say into the judge's plain records."""

from __future__ import annotations

from collections.abc import Callable

from judge.records import Claim, Entry, Limits, Place, WagerRecord

from mmbot.config.settings import LimitsConfig
from mmbot.domain.catalogue import LineKey
from mmbot.engine.status import EngineStatus
from mmbot.simulator.venue.records import VenueTransaction, VenueWager
from mmbot.simulator.venue.settings import FILL_OR_KILL
from mmbot.simulator.venue.venue import Venue


def name(line: LineKey) -> str:
    """The judge's name of a line."""
    return f"{line.sport_event}/{line.market}/{line.number}"


def place(venue: Venue, line: LineKey) -> Place:
    """The scopes of a line."""
    sport_event = venue.sport_event(line.sport_event)
    outcomes = max(2, len(venue.line(line).outcomes))
    market = f"{line.sport_event}/{line.market}"
    return Place(name(line), market, str(line.sport_event), str(sport_event.tournament_id), outcomes)


def wager(record: VenueWager, where: Place, by_hand: bool) -> WagerRecord:
    """A wager as the exchange's books have it."""
    return WagerRecord(
        record.wager_id,
        record.external_id or record.wager_id,  # a wager from the exchange's own page has no external id
        where,
        record.side,
        record.odds,
        record.stake,
        record.status.value,
        record.matched,
        record.match_win,
        record.winning.value,
        by_hand,
        record.strategy == FILL_OR_KILL,
    )


def limits(config: LimitsConfig) -> Limits:
    """The limits of a configuration, in cents."""
    return Limits(
        line=round(config.line * 100),
        market=round(config.market * 100),
        sport_event=round(config.event * 100),
        tournament=round(config.tournament * 100),
        account=round(config.account * 100),
    )


def entry(transaction: VenueTransaction) -> Entry:
    """One transaction of the wallet."""
    market = transaction.market
    return Entry(
        transaction.type, transaction.amount, None if market is None else f"{market.sport_event}/{market.market}"
    )


def claim(status: EngineStatus, home: Callable[[LineKey], LineKey]) -> Claim:
    """Return the claims of the bot's status. ``home`` returns the place of a line in the books of the exchange."""
    lines = [line for sport_event in status.sport_events for line in sport_event.lines]
    positions: dict[str, tuple[int, int]] = {}
    worst: dict[str, int] = {}
    for line in lines:
        shown = LineKey(line.sport_event, line.market, line.number)
        if home(shown) != shown and not any(line.profit) and not line.worst_case:
            continue  # it counts where it was, even if that place is not listed now
        key = name(home(shown))
        before = positions.get(key, (0, 0))
        positions[key] = (before[0] + line.profit[0], before[1] + line.profit[1])
        worst[key] = worst.get(key, 0) + line.worst_case
    account = next((scope.worst_case for scope in status.scopes if scope.scope == "account"), None)
    return Claim(
        positions=positions,
        worst=worst,
        open={own.external_id: own.remaining for line in lines for own in line.own},
        open_count=status.counts.open_wagers,
        locked=status.locked,
        account_worst=account,
        realised=status.profit.realised,
        commission=status.profit.commission,
    )
