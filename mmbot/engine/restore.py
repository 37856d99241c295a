"""When the engine starts, restores the state that earlier runs saved: guards (reasons not to quote), wagers and settled
profit."""

from __future__ import annotations

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.wager_states import State
from mmbot.engine.audit.transactions import TRANSACTIONS_OVERLAP
from mmbot.engine.orders import Seed
from mmbot.engine.parts import Parts
from mmbot.engine.reading.history import CREATED_RANGE
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due


def restore(parts: Parts, seed: Seed, now: Instant) -> None:
    """Load the saved state (``seed``) into a new engine. Make the guard ``starting`` hold, so that nothing is quoted
    yet."""
    shared = parts.shared
    shared.started_at = now
    shared.guards.hold("starting", ACCOUNT, "start", now)
    if seed.latched is not None:
        shared.guards.hold("latch", ACCOUNT, seed.latched, now)
    _restore_wagers(shared, seed, now)
    _have_confirmed(parts, seed, now)
    for wager in shared.ledger.unknown():
        parts.unknown.note(wager.external_id, now)
    live = {wager.external_id: None for wager in shared.ledger.all_live()}
    parts.life.expect(saved for saved in seed.wagers if saved.matched or saved.external_id in live)
    for settled in seed.settlements:
        market = MarketKey(settled.sport_event, settled.market)
        shared.ledger.restore_settlement(market, settled.gross, settled.commission)
        if settled.at > seed.since - TRANSACTIONS_OVERLAP // 2:
            parts.payments.restored(market, settled.at)
    parts.effects.restored()
    parts.effects.take_positions(now)


def _have_confirmed(parts: Parts, seed: Seed, now: Instant) -> None:
    """Have the audit confirm the matches and results that were reported shortly before the earlier run ended. The
    earlier run may not have compared these reports with the exchange's records."""
    since = seed.since - 2 * parts.shared.settings.audit_money
    for wager in parts.shared.ledger.wagers():
        if wager.wager_id is not None and wager.heard_at > since and (wager.matched or wager.booked is not None):
            parts.audit.unconfirmed[wager.wager_id] = now


def _restore_wagers(shared: Shared, seed: Seed, now: Instant) -> None:
    """Enter the wagers of the journal in the ledger.

    A matched wager that is too old for the wager history is looked up by its id, to learn its result. A wager that the
    bot did not place is looked up to learn whether it is still open. If the amount that a wager can win is not certain,
    its matches are read.
    """
    for saved in seed.wagers:
        shared.ledger.restore(saved)
        if isinstance(saved.line, LineKey) and saved.side is not None:
            shared.catalogue.remember_id(saved.line_id, saved.line, saved.side)
    for wager in shared.ledger.wagers():
        if wager.wager_id is None:
            continue
        pending = wager.booked is None and (wager.matched > 0 or (wager.foreign and wager.live))
        if pending and wager.sent_at < now - CREATED_RANGE:
            shared.lookups[wager.wager_id] = "older than the history reaches"
        if wager.matches is not None and wager.matches.wants_detail and wager.booked is None:
            shared.details[wager.wager_id] = None
        if wager.state is State.CANCELLING:  # the answer to the cancel went to the earlier run
            shared.timers.set(Due.CANCEL, wager.external_id, now)
