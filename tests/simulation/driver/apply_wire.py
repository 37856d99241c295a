"""Faults of the wire: the feed, private messages, requests and answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.backtest.link import report
from mmbot.domain.instant import DAY, MILLISECOND, MINUTE, SECOND, Duration
from mmbot.domain.odds import negate
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.board.board import NOT_STARTED
from mmbot.simulator.venue.error_table import VenueError

from .lies import Endless, Moved
from .play import Play
from .wire import AUDITED, Answers, Messages, Requests

SETTLED: Duration = 40 * SECOND
"""How long after the end of a fault of the wire the figures are not compared."""


def _between(rng: Random, least: float, most: float) -> Duration:
    return round(rng.uniform(least, most) * SECOND)


# --- the feed -----------------------------------------------------------------------------------------------------


def feed_cut(play: Play, rng: Random) -> bool:
    """The connection breaks; the next one comes up."""
    play.run.drop_feed()
    play.noisy(MINUTE)
    return True


def feed_cut_for_long(play: Play, rng: Random) -> bool:
    """The connection breaks, and none comes up for a while; HTTP is alive."""
    lasts = _between(rng, 5, 180)
    play.run.faults.feed_allowed = False
    play.run.drop_feed()
    play.later(lasts, lambda: _allow_feed(play))
    play.noisy(lasts + 2 * MINUTE)
    return True


def _allow_feed(play: Play) -> None:
    play.run.faults.feed_allowed = True


def feed_silent(play: Play, rng: Random) -> bool:
    """The connection is open and brings nothing."""
    lasts = _between(rng, 35, 120)
    play.run.faults.silent = True
    play.judge.feed_lost(play.now, 32 * SECOND)
    play.later(lasts, lambda: _end_silence(play))
    play.noisy(lasts + 2 * MINUTE)
    return True


def feed_swallows(play: Play, rng: Random) -> bool:
    """For a few seconds all messages are lost, without a sign."""
    lasts = _between(rng, 1, 20)
    until = play.now + lasts
    play.wire.messages.append(Messages(until, lambda message: True, lambda: ()))
    play.noisy(lasts + AUDITED)
    return True


def _end_silence(play: Play) -> None:
    play.run.faults.silent = False


def frozen_book(play: Play, rng: Random) -> bool:
    """No book message of some lines arrives any more; all else does."""
    until = play.now + _between(rng, 30, 1200)
    share = rng.choice((0.3, 1.0))

    def wanted(message: e.FeedMessage) -> bool:
        return isinstance(message, e.BookMessage) and (message.line.market * 7 + message.line.number) % 10 < share * 10

    play.wire.messages.append(Messages(until, wanted, lambda: ()))
    return True


def books_late(play: Play, rng: Random) -> bool:
    """Book messages come late, and overtake each other."""
    until = play.now + _between(rng, 30, 300)
    most = rng.choice((300 * MILLISECOND, 5 * SECOND))
    play.wire.messages.append(
        Messages(until, lambda message: isinstance(message, e.BookMessage), lambda: (round(rng.random() * most),))
    )
    return True


def sequence_steps_back(play: Play, rng: Random) -> bool:
    """The sequence numbers of book messages step back by an hour, stay so for a while, and step forward again."""
    play.wire.stepped_back = play.now + _between(rng, 30, 1200)
    return True


def board_messages_lost(play: Play, rng: Random) -> bool:
    """Messages about sport events, markets and lines are lost."""
    until = play.now + _between(rng, 60, 600)
    kinds = (e.SportEventMessage, e.MarketMessage, e.LineMessage, e.TournamentMessage)
    play.wire.messages.append(Messages(until, lambda message: isinstance(message, kinds), lambda: ()))
    return True


# --- private messages -----------------------------------------------------------------------------------------------


def _private(play: Play, rng: Random, lasts: Duration, share: float, copies: Callable[[], tuple[int, ...]]) -> bool:
    def wanted(message: e.FeedMessage) -> bool:
        return isinstance(message, e.WagerMessage) and rng.random() < share

    play.wire.messages.append(Messages(play.now + lasts, wanted, copies))
    return True


def private_lost(play: Play, rng: Random) -> bool:
    """Private messages are lost, some or all."""
    lasts = _between(rng, 5, 120)
    return _private(play, rng, lasts, rng.choice((0.2, 0.5, 1.0)), lambda: ())


def private_doubled(play: Play, rng: Random) -> bool:
    """Private messages come twice."""
    lasts = _between(rng, 60, 600)
    play.noisy(lasts + SETTLED)
    return _private(play, rng, lasts, rng.choice((0.5, 1.0)), lambda: (0, round(rng.random() * 5 * SECOND)))


def private_late(play: Play, rng: Random) -> bool:
    """Private messages come late, and overtake each other."""
    lasts = _between(rng, 60, 300)
    most = rng.choice((1, 5, 20)) * SECOND
    play.noisy(lasts + most + SETTLED)
    return _private(play, rng, lasts, rng.choice((0.3, 1.0)), lambda: (round(rng.random() * most),))


def private_false(play: Play, rng: Random) -> bool:
    """Private messages say of open wagers that they are fully matched or cancelled, which is not true."""
    status, matching = rng.choice(((Status.OPEN, Matching.FULLY_MATCHED), (Status.CANCELED, Matching.UNMATCHED)))
    wagers = [wager for wager in play.venue.wagers(play.account) if wager.status is Status.OPEN and wager.unmatched]
    for wager in wagers[: rng.choice((1, 3, 20))]:
        matched = wager.stake if matching is Matching.FULLY_MATCHED else wager.matched
        true = report(wager, sequence=play.now)
        play.wire.deceive(play.run, replace(true, status=status, matching=matching, matched=matched), wager.line)
    return bool(wagers)


def private_false_result(play: Play, rng: Random) -> bool:
    """Private messages say of matched wagers that they have a result, which is not true. The daemon crashes soon."""
    wagers = [
        wager
        for wager in play.venue.wagers(play.account)
        if wager.matched == wager.stake and wager.winning is Winning.TBD and wager.status is Status.OPEN
    ]
    winning = rng.choice((Winning.WON, Winning.LOST))
    for wager in rng.sample(wagers, min(len(wagers), 3)):
        true = report(wager, sequence=play.now)
        play.wire.deceive(play.run, replace(true, status=Status.CLOSED, winning=winning), wager.line)
    if wagers:
        play.until(play.now + _between(rng, 1, 10))
        if not play.broken():
            play.crash(_between(rng, 1, 10), 1.0)
    return bool(wagers)


def partly_canceled(play: Play, rng: Random) -> bool:
    """Somebody takes a part of an open wager, and the exchange cancels the rest. For a while it gives such wagers a
    status that nobody documented."""
    wagers = [wager for wager in play.venue.wagers(play.account) if wager.status is Status.OPEN and wager.unmatched]
    if not wagers:
        return False
    wager = rng.choice(wagers)
    lasts = _between(rng, 30, 300)
    play.wire.unreadable_until = play.now + lasts
    play.judge.excuse(play.recorder.place(wager.line), play.now + lasts + AUDITED)
    share = round(wager.profit * rng.uniform(0.2, 0.8)) if not wager.matched else 0
    if share >= 100:
        play.venue.crowd.enter(play.takers, wager.line, 1 - wager.side, negate(wager.odds), share, play.now, rest=False)
    with suppress(VenueError):  # it was taken as a whole, or the crowd's better offer was taken in its place
        play.venue.cancel(play.account, wager.wager_id, wager.external_id, play.now)
    play.noisy(lasts + AUDITED)
    return 0 < play.venue.wager(play.account, wager.wager_id).matched < wager.stake


# --- requests and answers -------------------------------------------------------------------------------------------


def _requests(
    play: Play, rng: Random, lasts: Duration, share: float, *fates: Fate, kinds: tuple[type, ...] = ()
) -> bool:
    play.wire.requests.append(Requests(play.now + lasts, share, fates, rng, kinds))
    play.noisy(lasts + 2 * MINUTE)
    return True


def requests_lost(play: Play, rng: Random) -> bool:
    """Requests are lost before they reach the exchange."""
    return _requests(play, rng, _between(rng, 10, 120), rng.choice((0.1, 0.5)), Fate.LOST)


def answers_lost(play: Play, rng: Random) -> bool:
    """The exchange carries requests out, and the answers are lost."""
    return _requests(play, rng, _between(rng, 10, 120), rng.choice((0.1, 0.5)), Fate.UNANSWERED)


def requests_late(play: Play, rng: Random) -> bool:
    """The exchange carries requests out three seconds after the bot gave up waiting for the answers."""
    return _requests(play, rng, _between(rng, 10, 60), rng.choice((0.1, 0.5)), Fate.LATE)


def endless_cursor(play: Play, rng: Random) -> bool:
    """Lists that are read page by page do not end."""
    lasts = _between(rng, 10, 180)
    play.wire.endless = Endless(play.now + lasts, rng.random() < 0.5)
    play.noisy(lasts + AUDITED)
    return True


def line_moved(play: Play, rng: Random) -> bool:
    """A line is listed under another sport event for a while, with the same line ids."""
    lines = [wager.line for wager in play.venue.wagers(play.account) if wager.status is Status.OPEN]
    others = [each.sport_event_id for each in play.venue.sport_events() if each.status == NOT_STARTED]
    if play.wire.moved is not None and play.now < play.wire.moved.until:
        return False
    if not lines or len(others) < 2:
        return False
    line = rng.choice(lines)
    to = rng.choice([event for event in others if event != line.sport_event])
    there = line._replace(sport_event=to, market=line.market + 5000)
    lasts = _between(rng, 60, 1200)
    play.wire.move(Moved(play.now + lasts, line, there), play.now + DAY)
    play.run.tell(e.LineMessage(play.run.connection, e.Op.UPDATE, to, there.market, "", 0, there.number, "active"))
    return True


def requests_detoured(play: Play, rng: Random) -> bool:
    """Requests overtake each other."""
    return _requests(play, rng, _between(rng, 30, 300), 0.3, Fate.SLOW)


def too_many_requests(play: Play, rng: Random) -> bool:
    """The exchange answers 429, to everything or to changes."""
    play.run.faults.hint = rng.choice((None, SECOND, 10 * SECOND))
    kinds = rng.choice(((), (r.PlaceMany, r.CancelMany)))
    return _requests(play, rng, _between(rng, 3, 40), 1.0, Fate.LIMITED, kinds=kinds)


def server_errors(play: Play, rng: Random) -> bool:
    """The exchange answers with a 5xx for minutes."""
    return _requests(play, rng, _between(rng, 20, 240), rng.choice((0.5, 1.0)), Fate.BROKEN)


def http_dead(play: Play, rng: Random) -> bool:
    """No request gets through; the feed is alive."""
    return _requests(play, rng, _between(rng, 5, 90), 1.0, Fate.LOST)


def exchange_dead(play: Play, rng: Random) -> bool:
    """Neither requests nor the feed get through."""
    lasts = _between(rng, 5, 90)
    play.run.faults.feed_allowed = False
    play.run.drop_feed()
    play.later(lasts, lambda: _allow_feed(play))
    return _requests(play, rng, lasts, 1.0, Fate.LOST)


def answers_slow(play: Play, rng: Random) -> bool:
    """Answers take up to four seconds longer."""
    lasts = _between(rng, 10, 180)
    play.wire.answers.append(Answers(play.now + lasts, rng.choice((0.2, 1.0)), rng, slow=_between(rng, 0.2, 4)))
    play.noisy(lasts + 2 * MINUTE)
    return True


def answers_malformed(play: Play, rng: Random) -> bool:
    """The exchange carries requests out, and answers with bytes that nobody can read."""
    lasts = _between(rng, 5, 90)

    def change(answer: e.Answer) -> e.Answer:
        return e.Failed(answer.request, e.Failure.UNKNOWN, "undecodable")

    play.wire.answers.append(Answers(play.now + lasts, rng.choice((0.2, 1.0)), rng, change))
    play.noisy(lasts + 2 * MINUTE)
    return True


APPLY = {
    function.__name__: function
    for function in (
        feed_cut,
        feed_cut_for_long,
        feed_silent,
        feed_swallows,
        frozen_book,
        books_late,
        sequence_steps_back,
        board_messages_lost,
        partly_canceled,
        private_lost,
        private_doubled,
        private_late,
        private_false,
        private_false_result,
        requests_lost,
        answers_lost,
        requests_late,
        endless_cursor,
        line_moved,
        requests_detoured,
        too_many_requests,
        server_errors,
        http_dead,
        exchange_dead,
        answers_slow,
        answers_malformed,
    )
}
