"""The faults that happen once. Faults that stay in force until they are lifted are in ``faults``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class _OneOffFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    pass


class DropSockets(_OneOffFault, frozen=True, kw_only=True, tag="drop_socket"):
    """Cut every websocket connection without a close frame."""


class CloseSockets(_OneOffFault, frozen=True, kw_only=True, tag="close_socket"):
    """Send ``pusher:error`` on every websocket connection, then close it."""

    code: Annotated[int, Meta(ge=1000, le=4999)] = 4200
    message: str = "closed on demand"


class GarbleSockets(_OneOffFault, frozen=True, kw_only=True, tag="garble_socket"):
    """Send a frame that is not JSON on every websocket connection."""


class ExpireTokens(_OneOffFault, frozen=True, kw_only=True, tag="expire_tokens"):
    """Expire every access token. Clients get a new one by a refresh."""


class ExpireSessions(_OneOffFault, frozen=True, kw_only=True, tag="expire_sessions"):
    """End every session. Clients get a new one only by a log-in."""


class GoLive(_OneOffFault, frozen=True, kw_only=True, tag="go_live"):
    """Start a sport event. The unmatched part of every wager on it is wiped (ended by the exchange)."""

    event: int


class CreateEvent(_OneOffFault, frozen=True, kw_only=True, tag="create_event"):
    """Create a sport event with its markets on the synthetic board."""

    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """The time in seconds from now to the start of the sport event."""
    listed: bool = True
    """False: the sport event is neither listed nor announced."""


class MoveEvent(_OneOffFault, frozen=True, kw_only=True, tag="move_event"):
    """Reschedule a sport event, even one that was postponed."""

    event: int
    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """The time in seconds from now to the new start."""


class PostponeEvent(_OneOffFault, frozen=True, kw_only=True, tag="postpone_event"):
    """Postpone a sport event. No wager on it is accepted or matched until it is rescheduled."""

    event: int


class ListEvent(_OneOffFault, frozen=True, kw_only=True, tag="list_event"):
    """List a sport event again."""

    event: int


class UnlistEvent(_OneOffFault, frozen=True, kw_only=True, tag="unlist_event"):
    """Take a sport event off the list."""

    event: int


class SetMarketStatus(_OneOffFault, frozen=True, kw_only=True, tag="market_status"):
    """Set a market's status, for example ``active`` or ``suspended``."""

    event: int
    market: int
    status: str


class SetLineStatus(_OneOffFault, frozen=True, kw_only=True, tag="line_status"):
    """Set a line's status, for example ``active`` or ``suspended``."""

    event: int
    market: int
    line: float
    """The number of the line in points."""
    status: str


class SetLadder(_OneOffFault, frozen=True, kw_only=True, tag="odds_ladder"):
    """Accept only the given odds from now on."""

    odds: tuple[int, ...] | None = None
    """The odds to accept. None: the ladder that the exchange had at its start."""


class Maintenance(_OneOffFault, frozen=True, kw_only=True, tag="maintenance"):
    """Start or end maintenance. If ``of`` is ``placing``, no wager is accepted, opened or matched. If it is
    ``reporting``, histories, matches and transactions are not available."""

    of: Literal["placing", "reporting"]
    on: bool = True


class Blacklist(_OneOffFault, frozen=True, kw_only=True, tag="blacklist_competitor"):
    """Start or stop rejecting wagers on the sport events of a competitor."""

    competitor: str
    """The competitor's name."""
    on: bool = True


class ChangeConnection(_OneOffFault, frozen=True, kw_only=True, tag="connection_config"):
    """Give another key in the answer of ``connection-config``, as in a migration of the feed. Connected websockets stay
    connected; ``close_socket`` can end them."""

    key: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,100}$")]


class Settle(_OneOffFault, frozen=True, kw_only=True, tag="settle"):
    """Apply the result of one market, or of all active markets of a sport event."""

    event: int
    market: int | None = None
    winner: Literal[0, 1] | None
    """The outcome that won; None for a push."""
    lines: dict[str, Literal[0, 1] | None] = {}
    """The winners on lines that end differently from ``winner``, by the number of the line in points."""


class Correct(_OneOffFault, frozen=True, kw_only=True, tag="correct"):
    """Apply a result that the exchange's staff enter: the first result of the market, or a correction."""

    event: int
    market: int
    winner: Literal[0, 1] | None
    lines: dict[str, Literal[0, 1] | None] = {}


class VoidMarket(_OneOffFault, frozen=True, kw_only=True, tag="void"):
    """Void one market, or all active markets of a sport event. Matched wagers are voided too."""

    event: int
    market: int | None = None


class Deposit(_OneOffFault, frozen=True, kw_only=True, tag="deposit"):
    """Deposit dollars into the account, or withdraw if ``amount`` is negative."""

    amount: float


class PlaceByHand(_OneOffFault, frozen=True, kw_only=True, tag="place_wager"):
    """Place a wager on the bot's account, as if a person had placed it by hand."""

    external_id: str
    line_id: str
    odds: int
    stake: float
    """The stake in dollars."""
    wager_strategy: str | None = None


class NoteLatched(_OneOffFault, frozen=True, kw_only=True, tag="latched"):
    """Tell the referee that the bot was killed or stopped, so from now on it may place nothing."""

    cause: str = "kill"


class NoteResumed(_OneOffFault, frozen=True, kw_only=True, tag="resumed"):
    """Tell the referee that the kill switch was released."""


class NoteProcessKilled(_OneOffFault, frozen=True, kw_only=True, tag="gone"):
    """Tell the referee that the bot's process is about to be killed. From then until the bot is subscribed to the feed
    again, the referee does not require it to cancel its wagers."""


ConnectionFault = (
    DropSockets | CloseSockets | GarbleSockets | ChangeConnection | ExpireTokens | ExpireSessions | Maintenance
)

BoardFault = (
    GoLive
    | CreateEvent
    | MoveEvent
    | PostponeEvent
    | ListEvent
    | UnlistEvent
    | SetMarketStatus
    | SetLineStatus
    | SetLadder
    | Blacklist
)

ResultFault = Settle | Correct | VoidMarket

AccountFault = Deposit | PlaceByHand | NoteLatched | NoteResumed | NoteProcessKilled

OneOffFault = ConnectionFault | BoardFault | ResultFault | AccountFault
