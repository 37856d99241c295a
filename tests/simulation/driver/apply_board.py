"""Faults of the board: sport events that start early, lines that go, results that come early or are corrected."""

from __future__ import annotations

from random import Random

from mmbot.domain.catalogue import Market, MarketKey
from mmbot.domain.instant import MINUTE, SECOND, Duration
from mmbot.simulator.crowd.fixtures import LATECOMERS
from mmbot.simulator.venue.board.board import ACTIVE, FINISHED, NOT_STARTED
from mmbot.simulator.venue.error_table import VenueError

from .play import Play


def _between(rng: Random, least: float, most: float) -> Duration:
    return round(rng.uniform(least, most) * SECOND)


def _coming(play: Play, rng: Random) -> int | None:
    """A listed sport event that has not started."""
    listed = [sport_event for sport_event in play.venue.sport_events() if sport_event.status == NOT_STARTED]
    return rng.choice(listed).sport_event_id if listed else None


def _market(play: Play, rng: Random, *, over: bool = False) -> Market | None:
    """A market of a listed sport event: one without a result, or one with a result."""
    found = [
        market
        for sport_event in play.venue.sport_events()
        for market in play.venue.markets(sport_event.sport_event_id) or ()
        if play.venue.concluded(market.key) == over and (over or market.status == ACTIVE)
    ]
    return rng.choice(found) if found else None


def goes_live(play: Play, rng: Random) -> bool:
    """A sport event starts before its time."""
    sport_event = _coming(play, rng)
    if sport_event is not None:
        play.venue.go_live(sport_event, play.now)
    return sport_event is not None


def unlisted(play: Play, rng: Random) -> bool:
    """A sport event is taken off the list for a while."""
    sport_event = _coming(play, rng)
    if sport_event is not None:
        play.venue.unlist_sport_event(sport_event, play.now)
        play.later(_between(rng, 5, 600), lambda: play.venue.list_sport_event(sport_event, play.now))
    return sport_event is not None


def market_suspended(play: Play, rng: Random) -> bool:
    """A market is suspended for a while."""
    market = _market(play, rng)
    if market is not None:
        play.venue.set_market_status(market.key, "suspended", play.now)
        play.later(_between(rng, 5, 300), lambda: _activate(play, market.key))
    return market is not None


def _activate(play: Play, market: MarketKey) -> None:
    if not play.venue.concluded(market):
        play.venue.set_market_status(market, ACTIVE, play.now)


def line_suspended(play: Play, rng: Random) -> bool:
    """A line is withdrawn for a while."""
    market = _market(play, rng)
    if market is not None:
        line = market.lines[0].key
        play.venue.set_line_status(line, "suspended", play.now)
        play.later(_between(rng, 5, 300), lambda: play.venue.set_line_status(line, ACTIVE, play.now))
    return market is not None


def postponed(play: Play, rng: Random) -> bool:
    """A sport event is postponed, and rescheduled some minutes later."""
    sport_event = _coming(play, rng)
    if sport_event is not None:
        play.venue.postpone_sport_event(sport_event, play.now)
        play.later(_between(rng, 60, 600), lambda: _move(play, sport_event, 40 * MINUTE))
    return sport_event is not None


def rescheduled(play: Play, rng: Random) -> bool:
    """A sport event gets another start."""
    sport_event = _coming(play, rng)
    if sport_event is not None:
        _move(play, sport_event, _between(rng, 60, 7200))
    return sport_event is not None


def _move(play: Play, sport_event: int, after: Duration) -> None:
    try:
        play.venue.move_sport_event(sport_event, play.now + after, play.now)
    except VenueError:
        play.log.add(play.now, f"sport event {sport_event} cannot be rescheduled any more")


def new_sport_event(play: Play, rng: Random) -> bool:
    """A sport event is created."""
    play.crowd.crowd.add(LATECOMERS[rng.randrange(len(LATECOMERS))], play.now + _between(rng, 600, 7200), play.now)
    return True


def ladder_changed(play: Play, rng: Random) -> bool:
    """The exchange accepts fewer odds for a while."""
    first = play.venue.settings.ladder
    play.venue.set_ladder(tuple(odds for odds in first if odds % 5 == 0), play.now)
    play.later(_between(rng, 30, 600), lambda: play.venue.set_ladder(first, play.now))
    return True


def placing_disabled(play: Play, rng: Random) -> bool:
    """The exchange accepts no wagers for a while (403)."""
    play.venue.set_maintenance(True, play.now)
    play.later(_between(rng, 5, 180), lambda: play.venue.set_maintenance(False, play.now))
    return True


def settled_early(play: Play, rng: Random) -> bool:
    """A market gets its result while it is quoted."""
    market = _market(play, rng)
    if market is not None:
        play.venue.settle(market.key, rng.choice((0, 1, None)), play.now)
    return market is not None


def voided(play: Play, rng: Random) -> bool:
    """A market is voided."""
    market = _market(play, rng, over=rng.random() < 0.3)
    if market is not None:
        play.venue.void(market.key, play.now)
    return market is not None


def corrected(play: Play, rng: Random) -> bool:
    """A result is corrected, or entered by hand."""
    market = _market(play, rng, over=True) or _market(play, rng)
    if market is not None:
        play.venue.correct(market.key, rng.choice((0, 1, None)), play.now)
    return market is not None


APPLY = {
    function.__name__: function
    for function in (
        goes_live,
        unlisted,
        market_suspended,
        line_suspended,
        postponed,
        rescheduled,
        new_sport_event,
        ladder_changed,
        placing_disabled,
        settled_early,
        voided,
        corrected,
    )
}

__all__ = ["APPLY", "FINISHED"]
