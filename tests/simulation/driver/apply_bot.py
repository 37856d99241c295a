"""Faults of the account, the operator and the machine: wagers by hand, money, stops, kills, crashes, clocks."""

from __future__ import annotations

from random import Random

from mmbot.backtest.faults import Fate
from mmbot.domain.catalogue import market_of
from mmbot.domain.instant import DAY, MINUTE, SECOND, Duration
from mmbot.domain.odds import Ladder
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.board.board import NOT_STARTED
from mmbot.simulator.venue.error_table import VenueError

from .apply_board import _market as some_market
from .lies import TWICE
from .play import Play, lowered
from .wire import AUDITED, TOLD, Requests


def _between(rng: Random, least: float, most: float) -> Duration:
    return round(rng.uniform(least, most) * SECOND)


def wager_by_hand(play: Play, rng: Random) -> bool:
    """A person places a wager on the bot's account."""
    market = some_market(play, rng)
    if market is None or len(market.lines[0].outcomes) != 2:
        return False
    line, side = market.lines[0], rng.randrange(2)
    fair = play.crowd.crowd.fair(line.key)
    odds = Ladder(play.venue.ladder).at_most(
        max(0.02, (fair if side == 0 else 1 - fair) - rng.choice((-0.05, 0.01, 0.1)))
    )
    external_id = f"hand-{play.met['wager_by_hand']}"
    play.recorder.by_hand[external_id] = None
    opens = max(play.scenario.venue.activation_ns, play.scenario.venue.live_activation_ns)  # no message comes before
    told = play.now + opens + TOLD + 2 * play.scenario.delays.feed
    if play.scenario.ids_twice and market.type in TWICE:
        told += DAY  # the bot cannot know on which of two lines the wager is; it counts in full in their market
    play.judge.excuse(play.recorder.place(line.key), told)
    line_id, stake = line.outcomes[side].line_id, rng.choice((200, 1000, 4000))
    try:
        if rng.random() < 0.5:  # on the exchange's own page, which gives it no external id
            play.venue.place_by_hand(play.account, line_id, odds or 110, stake, play.now)
        else:
            play.venue.place(play.account, external_id, line_id, odds or 110, stake, play.now)
    except VenueError as error:
        play.log.add(play.now, f"the wager by hand is rejected: {error.code}")
        return False
    play.judge.by_hand(play.now, AUDITED)
    return True


def deposit(play: Play, rng: Random) -> bool:
    """Money comes in."""
    amount = rng.choice((5_000, 100_000))
    play.venue.deposit(play.account, amount, play.now)
    play.deposited += amount
    return True


def withdrawal(play: Play, rng: Random) -> bool:
    """Money goes out, perhaps nearly all of it."""
    amount = round(play.venue.wallet(play.account).balance * rng.choice((0.2, 0.98)))
    play.venue.deposit(play.account, -amount, play.now)
    play.deposited -= amount
    return amount > 0


def _await_placement(play: Play) -> None:
    """Let time pass until a placement arrives at the exchange, but no longer than half a minute. A wager that is not
    open yet is the hardest one to cancel."""
    until, placements = play.now + 30 * SECOND, play.judge.placements
    while play.judge.placements == placements and play.now < until and not play.broken():
        play.until(play.now + SECOND // 10)


def kill(play: Play, rng: Random) -> bool:
    """The kill switch is set, and released some time later."""
    if play.journal.latch is not None:
        return False
    _await_placement(play)
    if play.broken():
        return True
    play.run.tell(e.KillRequested("simulated"))
    play.later(_between(rng, 20, 180), lambda: _resume(play))
    return True


def _resume(play: Play) -> None:
    if play.run.engine.status(play.now).clear:
        play.run.tell(e.ResumeRequested())
    if play.run.engine.status(play.now).latched is not None:
        play.later(10 * SECOND, lambda: _resume(play))


def stop(play: Play, rng: Random) -> bool:
    """The daemon is stopped and started again."""
    _await_placement(play)
    if not play.broken():
        play.stop(_between(rng, 1, 300))
    return True


def strategy_hangs(play: Play, rng: Random) -> bool:
    """A strategy does not return for a while, so the whole daemon stands still."""
    sport_events = [each.sport_event_id for each in play.venue.sport_events()]
    if not sport_events:
        return False
    _await_placement(play)
    if play.broken():
        return True
    play.stand_still(_between(rng, *rng.choice(((1.5, 4.5), (6, 90)))), rng.choice(sport_events))
    return True


def restart_in_play(play: Play, rng: Random) -> bool:
    """The sport event with the greatest position starts, and the daemon is restarted."""
    at_stake: dict[int, int] = {}
    for wager in play.venue.wagers(play.account):
        event = wager.line.sport_event
        if wager.matched and play.venue.sport_event(event).status == NOT_STARTED:
            at_stake[event] = at_stake.get(event, 0) + wager.matched
    if not at_stake:
        return False
    play.venue.go_live(max(at_stake, key=lambda event: (at_stake[event], event)), play.now)
    play.until(play.now + _between(rng, 0.1, 20))
    if play.broken():
        return True
    if rng.random() < 0.8:
        play.stop(_between(rng, 1, 60))
    else:
        play.crash(_between(rng, 1, 60), rng.random())
    return True


def limits_lowered(play: Play, rng: Random) -> bool:
    """The daemon is restarted with lower limits."""
    play.stop(_between(rng, 1, 30), lowered(play.config, rng.choice((0.3, 0.6))))
    return True


def wall_clock_steps(play: Play, rng: Random) -> bool:
    """The machine's wall clock jumps, and is put right some time later."""
    play.run.tell(e.WallStepped(_between(rng, -300, 300)))
    play.later(_between(rng, 5, 300), lambda: play.run.tell(e.WallStepped(0)))
    play.noisy(MINUTE)
    return True


def clock_put_back(play: Play, rng: Random) -> bool:
    """The machine's wall clock is put back by five minutes, and right again some time later."""
    play.run.tell(e.WallStepped(-5 * MINUTE))
    play.later(_between(rng, 5, 60), lambda: play.run.tell(e.WallStepped(0)))
    play.noisy(MINUTE)
    return True


def _await_match(play: Play, rng: Random) -> None:
    """Let time pass until a wager is matched and the match is in the journal, but no longer than four minutes. The
    answers that tell how much it won are lost."""
    until = play.now + 4 * MINUTE
    play.wire.requests.append(Requests(until, 1.0, (Fate.UNANSWERED,), rng, (r.ReadMatches,)))
    matches = play.judge.matches
    while play.judge.matches == matches and play.now < until and not play.broken():
        play.until(play.now + SECOND)
    play.until(play.now + _between(rng, 0.6, 2))
    play.wire.requests[-1].until = play.now


def crash(play: Play, rng: Random) -> bool:
    """The process dies, and is started again. Often a market got its result just before, or a wager was matched and the
    read of its matches was lost."""
    if rng.random() < 0.4:
        _await_match(play, rng)
        if not play.broken():
            play.crash(_between(rng, 0.5, 30), rng.random())
        return True
    staked = [wager.line for wager in play.venue.wagers(play.account) if wager.matched]
    markets = [key for key in dict.fromkeys(market_of(line) for line in staked) if not play.venue.concluded(key)]
    if markets and rng.random() < 0.5:
        play.venue.settle(rng.choice(markets), rng.choice((0, 1)), play.now)
        play.until(play.now + play.scenario.delays.feed + _between(rng, 0.001, 0.4))
        if play.broken():
            return True
    play.crash(_between(rng, 0.5, 120), rng.random())
    return True


APPLY = {
    function.__name__: function
    for function in (
        wager_by_hand,
        deposit,
        withdrawal,
        kill,
        stop,
        strategy_hangs,
        restart_in_play,
        limits_lowered,
        wall_clock_steps,
        clock_put_back,
        crash,
    )
}
