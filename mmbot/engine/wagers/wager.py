"""One wager as the ledger holds it. The module also converts wagers to and from the journal's form, and makes a wager
from a report."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, least_profit
from mmbot.domain.wager import Status, WagerReport, Winning
from mmbot.domain.wager_states import COULD_MATCH, State
from mmbot.engine.orders import SavedMatches, SaveWager
from mmbot.engine.wagers.matched_pieces import Matches
from mmbot.engine.wagers.remembered_results import Remembered


class Wager(msgspec.Struct, eq=False, kw_only=True, gc=False):
    """One wager as the ledger holds it: a ``LineWager`` or a ``MarketWager``. Only the ledger changes a wager."""

    external_id: str
    """The id that we gave to the wager. If somebody else placed the wager without an ``external_id``, this is its
    ``wager_id``."""
    wager_id: str | None = None
    line_id: str
    odds: Odds
    stake: Cents
    """The present stake of the wager, in cents. If a partly matched wager is cancelled, the stake is cut to the matched
    part."""
    remaining: Cents = 0
    """The part of the wager's stake that could still be matched, in cents. The ledger computes it from ``stake``,
    ``matched`` and ``state``."""
    matched: Cents = 0
    """The matched part of the wager's stake, in cents. After a void, it is 0 again."""
    win: Cents = 0
    """The profit of the matched part if the wager wins, in cents. Each match counts at its own odds."""
    win_estimated: bool = False
    """True if the odds of some match are not known. The wager's own odds are then assumed for the match."""
    state: State = State.PLACING
    result: Winning = Winning.TBD
    hedge: bool = False
    foreign: bool = False
    """True if this bot did not place the wager."""
    sent_at: Instant
    accepted_at: Instant | None = None
    opened_at: Instant | None = None
    cancel_sent_at: Instant | None = None
    """The instant at which the latest cancel of the wager was sent. None if no cancel was sent."""
    cancel_accepted_at: Instant | None = None
    """The instant at which the exchange accepted a cancel of the wager. After this instant, the wager cannot be matched
    any more, but an earlier match may still be reported. So the rest of the stake counts as a risk until a report shows
    that the wager has ended."""
    cancel_tries: int = 0
    sequence: int = 0
    """The sequence number of the latest message that was applied to the wager."""

    number: int
    """The place of the wager in the sequence in which all wagers were sent: a smaller number was sent earlier."""
    placed: Cents
    """The stake of the wager as it was sent, in cents."""
    matches: Matches | None = None
    counted: tuple[Cents, Cents, Cents] = (0, 0, 0)
    """The figures of the wager that are part of the sums now: the remaining stake, the matched stake and the win, in
    cents."""
    booked: Cents | None = None
    """The profit of the wager that is part of its market's settlement, in cents. None while the profit is unknown."""
    uncounted: bool = False
    """True if the wager was already settled when mmbot noticed it. Such a wager is left out of all sums."""
    denied: bool = False
    """True if the exchange said several times that it does not know the wager, although stake of the wager counts as
    matched. The matched stake then counts as a loss, and the win of the wager offsets no other risk."""
    heard_at: Instant = 0
    """The instant of the latest message that mmbot used to decide the state of the wager."""
    over_at: Instant | None = None
    """The instant at which the wager ended. None if the wager has not ended."""

    @property
    def market(self) -> MarketKey:
        """The market that the wager is on."""
        raise NotImplementedError

    @property
    def sport_event(self) -> int:
        """The sport event that the wager is on."""
        return self.market.sport_event

    @property
    def live(self) -> bool:
        """True if the wager could still match."""
        return self.state in COULD_MATCH

    @property
    def over(self) -> bool:
        """True if the wager has ended, so that only a correction can change it."""
        return not self.live and (not self.matched or self.booked is not None or self.uncounted)


class LineWager(Wager, eq=False, kw_only=True, gc=False):
    """A wager on one of the two outcomes of a line."""

    line: LineKey
    side: Side

    @property
    def market(self) -> MarketKey:
        """The market of the line."""
        return market_of(self.line)

    @property
    def sport_event(self) -> int:
        """The sport event of the line."""
        return self.line.sport_event


class MarketWager(Wager, eq=False, kw_only=True, gc=False):
    """A wager for which only the market is known. Its line is not known, or does not have exactly two complementary
    outcomes. The full stake of the wager counts in the market, and the wager counts on no line."""

    on: MarketKey

    @property
    def market(self) -> MarketKey:
        """The market of the wager."""
        return self.on


def saved(wager: Wager) -> SaveWager:
    """Return a wager in the journal's form."""
    return SaveWager(
        external_id=wager.external_id,
        wager_id=wager.wager_id,
        line=wager.line if isinstance(wager, LineWager) else wager.market,
        side=wager.side if isinstance(wager, LineWager) else None,
        line_id=wager.line_id,
        odds=wager.odds,
        stake=wager.stake,
        state=wager.state.value,
        matched=wager.matched,
        win=wager.win,
        result=wager.result.value,
        hedge=wager.hedge,
        sent_at=wager.sent_at,
        sequence=wager.sequence,
        placed=wager.placed,
        matches=None if wager.matches is None else wager.matches.saved(),
        foreign=wager.foreign,
        uncounted=wager.uncounted,
        accepted_at=wager.accepted_at,
        opened_at=wager.opened_at,
        cancel_sent_at=wager.cancel_sent_at,
        cancel_accepted_at=wager.cancel_accepted_at,
        cancel_tries=wager.cancel_tries,
        heard_at=wager.heard_at,
        over_at=wager.over_at,
    )


def from_saved(saved: SaveWager, number: int) -> Wager:
    """Return the wager of an entry in the journal. If the wager was being placed when it was saved, and has no
    ``wager_id``, it is unknown whether the exchange accepted the wager.

    Raises:
        ValueError: if the state or the result does not exist.
    """
    state = State(saved.state)
    if state is State.PLACING:
        state = State.UNKNOWN if saved.wager_id is None else State.INACTIVE
    wager = _blank(
        saved.line,
        saved.side,
        external_id=saved.external_id,
        wager_id=saved.wager_id,
        line_id=saved.line_id,
        odds=saved.odds,
        stake=saved.stake,
        sent_at=saved.sent_at,
        number=number,
    )
    if saved.placed is not None:
        wager.placed = saved.placed
    wager.hedge, wager.foreign, wager.uncounted = saved.hedge, saved.foreign, saved.uncounted
    wager.accepted_at, wager.opened_at = saved.accepted_at, saved.opened_at
    wager.cancel_sent_at, wager.cancel_accepted_at = saved.cancel_sent_at, saved.cancel_accepted_at
    wager.cancel_tries, wager.sequence, wager.heard_at = saved.cancel_tries, saved.sequence, saved.heard_at
    wager.state = state
    wager.result = Winning(saved.result)
    _restore_matches(wager, saved)
    return wager


def _restore_matches(wager: Wager, saved: SaveWager) -> None:
    kept = saved.matches
    if kept is None:
        if not saved.matched:
            return
        # A journal of an earlier version: the win is perhaps an estimate, so the matching detail is wanted.
        win = min(saved.win, least_profit(saved.matched, saved.odds))
        kept = SavedMatches(saved.matched, 0, False, ((0, saved.matched, win, max(saved.win, win + 1)),))
    wager.matches = Matches(saved.odds)
    wager.matches.restore(kept)
    if wager.state is not State.VOID:
        wager.matched, wager.win = wager.matches.total, wager.matches.win
        wager.win_estimated = wager.matches.estimated


def from_report(
    report: WagerReport,
    found: tuple[LineKey, Side] | None,
    remembered: Remembered | None,
    now: Instant,
    number: int,
    *,
    ours: bool = False,
    new: bool = False,
) -> Wager:
    """Return a new wager for a report on a wager that the ledger does not hold. The report is not applied yet.

    Args:
        found: the line and outcome of the wager. None if they are not known.
        remembered: the figures of the wager in the archive. None if the archive does not contain the wager.
        ours: true if the ``external_id`` shows that an earlier run placed the wager.
        new: true if the wager is so recent that no earlier run can have counted its result. If ``new`` is false and the
            wager is already settled, the wager counts in no sum.
    """
    # A settled wager that is not new was settled before the first run, or so long ago that the journal lost it.
    line, side = found if found is not None else (MarketKey(report.sport_event_id, report.market_id), None)
    wager = _blank(
        line,
        side,
        external_id=report.external_id or report.wager_id,
        wager_id=report.wager_id,
        line_id=report.line_id,
        odds=report.odds,
        stake=report.stake,
        sent_at=now if report.created_at is None else report.created_at,
        number=number,
    )
    known = remembered is not None or ours
    wager.remaining = 0 if known else report.stake
    wager.foreign = not known
    wager.state = State.ABSENT if known else State.UNKNOWN
    wager.uncounted = remembered is None and report.status in _DECIDED and not new
    if remembered is not None and remembered.matched:
        wager.matches = Matches(report.odds)
        wager.matches.known(remembered.matched, remembered.win)
        wager.state = State.CLOSED
        wager.booked = remembered.booked
        if remembered.booked:
            wager.result = Winning.WON if remembered.booked > 0 else Winning.LOST
        else:
            wager.result = Winning.PUSH
        wager.matched, wager.win = remembered.matched, remembered.win
    return wager


def pack(wager: LineWager) -> list[object]:
    """Return the fields of a wager that has no match, in the form that ``unpack`` takes. The ids and the line of the
    wager are left out."""
    return [
        wager.odds,
        wager.stake,
        wager.placed,
        wager.number,
        wager.state,
        wager.result,
        wager.hedge,
        wager.sent_at,
        wager.accepted_at,
        wager.opened_at,
        wager.cancel_sent_at,
        wager.cancel_accepted_at,
        wager.cancel_tries,
        wager.sequence,
        wager.heard_at,
        wager.over_at,
        wager.uncounted,
    ]


def unpack(
    external_id: str, wager_id: str | None, line: LineKey, side: Side, line_id: str, packed: list[Any]
) -> LineWager:
    """Build a wager again from the fields that ``pack`` returned, together with its ids and its line."""
    fields: dict[str, Any] = dict(zip(_PACKED, packed, strict=True))
    fields["state"], fields["result"] = State(fields["state"]), Winning(fields["result"])
    return LineWager(external_id=external_id, wager_id=wager_id, line=line, side=side, line_id=line_id, **fields)


def on_line(wager: MarketWager, line: LineKey, side: Side) -> LineWager:
    """Return the same wager as a ``LineWager``, because its line became known."""
    fields = {name: getattr(wager, name) for name in Wager.__struct_fields__}
    return LineWager(line=line, side=side, **fields)


def _blank(
    line: LineKey | MarketKey,
    side: Side | None,
    *,
    external_id: str,
    wager_id: str | None,
    line_id: str,
    odds: Odds,
    stake: Cents,
    sent_at: Instant,
    number: int,
) -> Wager:
    """Return a new wager. If the outcome of the wager is known, the wager is on a line. Otherwise the wager is on a
    market."""
    if isinstance(line, LineKey) and side is not None:
        return LineWager(
            external_id=external_id,
            wager_id=wager_id,
            line=line,
            side=side,
            line_id=line_id,
            odds=odds,
            stake=stake,
            placed=stake,
            sent_at=sent_at,
            number=number,
        )
    return MarketWager(
        external_id=external_id,
        wager_id=wager_id,
        on=MarketKey(line.sport_event, line.market),
        line_id=line_id,
        odds=odds,
        stake=stake,
        placed=stake,
        sent_at=sent_at,
        number=number,
    )


_PACKED: Final = (
    "odds",
    "stake",
    "placed",
    "number",
    "state",
    "result",
    "hedge",
    "sent_at",
    "accepted_at",
    "opened_at",
    "cancel_sent_at",
    "cancel_accepted_at",
    "cancel_tries",
    "sequence",
    "heard_at",
    "over_at",
    "uncounted",
)
"""The fields in the list that ``pack`` returns. In a wager without a match, all other fields have their default
values."""

_DECIDED: Final = (Status.VOID, Status.SETTLED, Status.CLOSED, Status.MANUALLY_SETTLED)
