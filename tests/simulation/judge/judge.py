"""The judge: it takes the records of a run in their order and notes each rule that the bot breaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from .agreement import differences, unknown_cents, wrong_transactions
from .arithmetic import cross
from .duties import Duties
from .exposure import Exposure
from .records import SECOND, Bounds, Breach, Claim, Entry, Item, Limits, Place, WagerRecord

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
LATELY = 10 * MINUTE
"""Within this time the bot knows of every match, whatever became of the messages about it."""
DOUBT = 50
"""Cents by which the bot may count too much in a matched worst case, because it does not know each win yet. If the
exchange shows no wins, it may be more."""


class Judge:
    """Judges one account of one run."""

    def __init__(self, limits: Limits, bounds: Bounds) -> None:
        self.bounds = bounds
        self.exposure = Exposure(limits)
        self.duties = Duties(bounds.clear_within)
        self.breaches: list[Breach] = []
        self.wagers: dict[str, WagerRecord] = {}
        self.changed: dict[str, int] = {}
        """When a wager of each line last changed."""
        self.doubtful: dict[str, int] = {}
        """Until when the bot cannot know its position on a line."""
        self.settled_at: dict[str, int] = {}
        """When the results of each market last changed."""
        self.ended_at: dict[str, int] = {}
        """When each wager ended."""
        self.pieces: dict[str, int] = {}
        """How many matches each wager has."""
        self.market_moved = False
        """True if the bot may net results, and so the commission, in other markets than the exchange."""
        self.matches = 0
        self.busiest = 0
        self._live: dict[str, dict[str, WagerRecord]] = {}
        self._placements: dict[str, int] = {}
        self._second: deque[int] = deque()
        self._stopped_at: int | None = None
        self._lost_at: int | None = None
        self._dead = True
        self._died_at = 0
        self._places: dict[str, Place] = {}
        self._cleared_at: int | None = None
        self._lost_day: int | None = None
        self._unseen: dict[str, int] = {}
        self._moved: dict[str, int] = {}

    # --- what the exchange did --------------------------------------------------------------------------------------

    def wager(self, at: int, after: WagerRecord) -> None:
        """A wager was accepted, or changed."""
        before = self.wagers.get(after.wager_id)
        sent_at = None
        if before is None and not after.by_hand:
            sent_at = self._placements.get(after.external_id, at)
            self._accepted(at, after, sent_at)
        if before is not None and after.matched > before.matched:
            self.matches += 1
            self.pieces[after.wager_id] = self.pieces.get(after.wager_id, 0) + 1
        if after.matched and after.result != (before.result if before is not None else "tbd"):
            self.settled_at[after.place.market] = at
        self.wagers[after.wager_id] = after
        line = after.place.line
        self.changed[line] = at
        live = self._live.setdefault(line, {})
        if after.could_match:
            live[after.wager_id] = after
        elif live.pop(after.wager_id, None) is not None:
            self.ended_at[after.wager_id] = at
            self.duties.ended(after.wager_id, at)
        self.breaches += self.exposure.change(before, after, at, sent_at)

    def _accepted(self, at: int, wager: WagerRecord, sent_at: int) -> None:
        doubtful = sent_at <= self.doubtful.get(wager.place.line, 0)
        if self._cleared_at is not None and not doubtful:
            self._breach(at, "clear is true", f"{wager.external_id} accepted after the bot claimed to be clear")
        if self._dead:
            return
        if self._stopped_at is not None or self._lost_at is not None:
            self.duties.clear("a late placement", at, [wager.wager_id], max(0, (self._lost_at or at) - at))

    def sent(self, at: int, line: str) -> None:
        """The bot sent a placement on a line: until it arrives, the bot counts what the exchange does not."""
        self.changed[line] = at

    def arrived(self, at: int, sent_at: int, items: Sequence[Item]) -> None:
        """A placement request arrived at the exchange. The bot sent it at ``sent_at``."""
        if self._stopped_at is not None and sent_at > self._stopped_at:
            self._breach(at, "nothing placed after a stop", f"sent {items[0].external_id} after the stop")
        if self._lost_at is not None and sent_at > self._lost_at + SECOND:
            self._breach(at, "nothing placed without a feed", f"sent {items[0].external_id} while the feed was lost")
        if (
            self._lost_day is not None
            and self._lost_day == (sent_at + MINUTE) // DAY
            and not all(item.reduces for item in items)
        ):
            self._breach(at, "nothing quoted on a lost day", f"sent {items[0].external_id} on the day of the loss")
        for item in items:
            if item.external_id in self._placements:
                self._breach(at, "no id twice", f"{item.external_id} was sent twice")
            self._placements[item.external_id] = sent_at
            self._self_match(at, sent_at, item)
            unseen = self._unseen.get(item.line)
            if unseen is not None and sent_at - unseen > self.bounds.unseen:
                age = (sent_at - unseen) / 1e9
                self._breach(at, "no quote from a frozen book", f"{item.external_id}: book of {age:.0f} s ago")

    def _self_match(self, at: int, sent_at: int, item: Item) -> None:
        if sent_at <= self.doubtful.get(item.line, 0):
            return
        for other in self._live.get(item.line, {}).values():
            if other.side != item.side and cross(other.odds, item.odds):
                text = f"{item.external_id} at {item.odds} could match {other.external_id} at {other.odds}"
                self._breach(at, "no self-match", text)

    @property
    def placements(self) -> int:
        """The number of placements that arrived."""
        return len(self._placements)

    def request(self, at: int) -> None:
        """A request of any kind arrived at the exchange."""
        second = self._second
        second.append(at)
        while second[0] <= at - SECOND:
            second.popleft()
        if len(second) > self.busiest:
            self.busiest = len(second)
            if self.busiest > self.bounds.requests_a_second:
                self._breach(at, "at most 50 requests a second", f"{self.busiest} requests in one second")

    def disturbed(self, until: int) -> None:
        """A request met a fault whose effect on the bot ends at ``until``."""
        self.duties.disturbed(until)

    def book_moved(self, line: str, at: int) -> None:
        """Somebody else changed the book of a line."""
        self._moved[line] = at
        self._unseen.setdefault(line, at)

    def book_reached(self, line: str, as_of: int) -> None:
        """The bot was given the book of a line as it stood at ``as_of``."""
        if as_of >= self._moved.get(line, 0):
            self._unseen.pop(line, None)
        elif line in self._unseen:
            self._unseen[line] = max(self._unseen[line], as_of)

    # --- what happened to the bot ---------------------------------------------------------------------------------

    def started(self, at: int, limits: Limits) -> None:
        """The bot started or restarted: it has to end what is left of earlier runs."""
        for line, until in self.doubtful.items():
            if until > self._died_at and line in self._places:
                self.excuse(self._places[line], at + self.bounds.audited)
        self._dead = False
        self._stopped_at = self._cleared_at = None
        self._lost_at = at
        self.exposure.lower(limits)
        self.duties.clear("a restart", at, self._to_end(at))

    def stopped(self, at: int, cause: str) -> None:
        """The bot was told to stop, or killed: it may place nothing, and has to end everything."""
        if self._stopped_at is None:
            self._stopped_at = at
        self.duties.clear(cause, at, self._to_end(at))

    def resumed(self) -> None:
        """The operator released the kill switch."""
        self._stopped_at = self._cleared_at = None

    def by_hand(self, at: int, notice: int) -> None:
        """Somebody placed a wager on the account just now. If nobody else may use the account, the bot has to end it;
        it may need ``notice`` to learn of it if the message about it is lost."""
        if self.bounds.exclusive and not self._dead:
            placed = [wager.wager_id for wager in self.live() if wager.by_hand]
            self.duties.clear("a wager by hand", at, placed, notice)

    def feed_lost(self, at: int, notice: int = 0) -> None:
        """The feed was lost. The bot may need ``notice`` to see that."""
        if self._dead:
            return
        if self._lost_at is None:
            self._lost_at = at + notice
        self.duties.clear("a lost feed", at, self._to_end(at), notice)

    def hung(self, at: int, notice: int) -> None:
        """The bot's process stands still. Its watchdog may need ``notice`` to see that, and has to end everything."""
        self.duties.clear("a process that hangs", at, self._to_end(at), notice)

    def feed_up(self) -> None:
        """The bot is subscribed again."""
        self._lost_at = None

    def died(self, at: int) -> None:
        """The bot's process died or ended. Nothing can be asked of it until it is started again."""
        self._dead, self._died_at = True, at
        self.duties.died()

    def day_lost(self, at: int) -> None:
        """The bot says that the loss of the day reached its limit: it may quote nothing until midnight UTC."""
        self._lost_day = at // DAY

    def threshold(self, at: int, kind: str, name: str, matched: int) -> None:
        """The bot says that the matched worst case of a scope reached a threshold. Lately it has to have been so."""
        greatest = self.exposure.greatest_matched((kind, name), at - LATELY)
        doubt = DOUBT if self.bounds.win_shown else max(DOUBT, unknown_cents(self, None))
        if matched > greatest + doubt and not any(until >= at for until in self.doubtful.values()):
            text = f"the bot counts {matched} cents in {kind} {name}; it was no more than {greatest} lately"
            self._breach(at, "no threshold for nothing", text)

    def claimed_clear(self, at: int) -> None:
        """The bot says that nothing of its own is open, and that nothing can come."""
        self._cleared_at = at
        self.watchdog_said_clear(at)

    def watchdog_said_clear(self, at: int) -> None:
        """The watchdog says of a bot that hangs that nothing of its own is open."""
        left = [self.wagers[wager_id] for wager_id in self._to_end(at)]
        left = [wager for wager in left if self.doubtful.get(wager.place.line, 0) < at]
        if left:
            text = f"{len(left)} wagers are open, {left[0].external_id} among them"
            self._breach(at, "clear is true", f"the bot claims to be clear, and {text}")

    def excuse(self, place: Place, until: int) -> None:
        """The exchange deceives the bot about a line, so that the bot cannot know its position before ``until``."""
        self._places[place.line] = place
        self.doubtful[place.line] = max(until, self.doubtful.get(place.line, 0))
        self.exposure.excuse(place, until)

    def moved(self, place: Place, there: str, until: int) -> None:
        """The exchange lists a line in another place too: the bot may count it there, and in the scopes of that place.
        The limits of the line itself and of the account stay."""
        self.doubtful[there] = until
        self.market_moved = True
        self.exposure.excuse(place, until, ("market", "sport_event", "tournament"))

    # --- looking --------------------------------------------------------------------------------------------------

    def look(self, at: int) -> None:
        """Judge deadlines that passed."""
        late = self.duties.late(at)
        if late is not None:
            self.breaches.append(late)

    def compare(self, at: int, claim: Claim, since: int = 0) -> None:
        """Compare the bot's figures with the exchange's where things were quiet for long enough, and since ``since``,
        the end of the last fault."""
        self.breaches += differences(self, at, claim, since)

    def audit(self, at: int, entries: Sequence[Entry], deposited: int, balance: int) -> None:
        """Compare the wallet's transactions with the results of the wagers."""
        self.breaches += wrong_transactions(self, at, entries, deposited, balance)

    def live(self) -> list[WagerRecord]:
        """Every wager that could match."""
        return [wager for line in self._live.values() for wager in line.values()]

    def _to_end(self, at: int) -> list[str]:
        """The wagers that the bot has to end now. On a shared account it cancels its own wagers one by one, and cannot
        cancel one of which it was told that it ended."""
        return [
            wager.wager_id
            for wager in self.live()
            if self.bounds.exclusive or not (wager.by_hand or self.doubtful.get(wager.place.line, 0) >= at)
        ]

    def _breach(self, at: int, rule: str, detail: str) -> None:
        self.breaches.append(Breach(at, rule, detail))
