"""The faults (simulated failures and events) that happen once. The module ``faults`` has the faults that stay in force
until they are lifted (ended)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class _OneOffFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    pass


class DropSockets(_OneOffFault, frozen=True, kw_only=True, tag="drop_socket"):
    """Cut every websocket connection without a close frame."""


class CloseSockets(_OneOffFault, frozen=True, kw_only=True, tag="close_socket"):
    """Send ``pusher:error`` on every websocket connection, and close all connections."""

    code: Annotated[int, Meta(ge=1000, le=4999)] = 4200
    message: str = "closed on demand"


class GarbleSockets(_OneOffFault, frozen=True, kw_only=True, tag="garble_socket"):
    """Send a frame that is not JSON on every websocket connection."""


class ExpireTokens(_OneOffFault, frozen=True, kw_only=True, tag="expire_tokens"):
    """Let every access token expire. A client gets a new access token by a refresh."""


class ExpireSessions(_OneOffFault, frozen=True, kw_only=True, tag="expire_sessions"):
    """End every session. A client gets a new session only by a log-in."""


class GoLive(_OneOffFault, frozen=True, kw_only=True, tag="go_live"):
    """Start a sport event. The exchange ends (wipes) the unmatched part of every wager on it."""

    event: int


class CreateEvent(_OneOffFault, frozen=True, kw_only=True, tag="create_event"):
    """Create a sport event with its markets on the synthetic board."""

    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """The number of seconds from now to the start of the sport event."""
    listed: bool = True
    """True if the sport event is listed and announced."""


class MoveEvent(_OneOffFault, frozen=True, kw_only=True, tag="move_event"):
    """Reschedule a sport event, even one that was postponed."""

    event: int
    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """The number of seconds from now to the new start of the sport event."""


class PostponeEvent(_OneOffFault, frozen=True, kw_only=True, tag="postpone_event"):
    """Postpone a sport event. No wager on it is accepted or matched until it is rescheduled."""

    event: int


class ListEvent(_OneOffFault, frozen=True, kw_only=True, tag="list_event"):
    """Put a sport event back on the list."""

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
    """The number of the line (a point spread or a total) in points."""
    status: str


class SetLadder(_OneOffFault, frozen=True, kw_only=True, tag="odds_ladder"):
    """Let the exchange accept only the given odds from now on."""

    odds: tuple[int, ...] | None = None
    """The odds that the exchange accepts. If it is None, the exchange accepts the odds of its original ladder."""


class Maintenance(_OneOffFault, frozen=True, kw_only=True, tag="maintenance"):
    """Start maintenance if ``on`` is true, and end it otherwise. During maintenance of ``placing``, no wager is
    accepted, opened or matched. During maintenance of ``reporting``, histories, matches and transactions are not
    available."""

    of: Literal["placing", "reporting"]
    on: bool = True


class Blacklist(_OneOffFault, frozen=True, kw_only=True, tag="blacklist_competitor"):
    """Reject wagers on the sport events of a competitor from now on. If ``on`` is False, accept them again."""

    competitor: str
    """The name of the competitor that is blacklisted."""
    on: bool = True


class ChangeConnection(_OneOffFault, frozen=True, kw_only=True, tag="connection_config"):
    """Change the application key in the answer of ``connection-config``, as in a migration of the feed. Connected
    websockets stay connected. The fault ``close_socket`` can end them."""

    key: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,100}$")]


class Settle(_OneOffFault, frozen=True, kw_only=True, tag="settle"):
    """Apply an automatic result to one market, or to all active markets of a sport event."""

    event: int
    market: int | None = None
    winner: Literal[0, 1] | None
    """The outcome that won. None means a push (no winner)."""
    lines: dict[str, Literal[0, 1] | None] = {}
    """The winners of the lines whose result differs from ``winner``, by the number of the line in points."""


class Correct(_OneOffFault, frozen=True, kw_only=True, tag="correct"):
    """Apply a result that the exchange's staff enter. It can be the market's first result or a correction."""

    event: int
    market: int
    winner: Literal[0, 1] | None
    lines: dict[str, Literal[0, 1] | None] = {}


class VoidMarket(_OneOffFault, frozen=True, kw_only=True, tag="void"):
    """Void one market, or all active markets of a sport event. Matched wagers are voided too."""

    event: int
    market: int | None = None


class Deposit(_OneOffFault, frozen=True, kw_only=True, tag="deposit"):
    """Deposit ``amount`` dollars into the account. If ``amount`` is negative, the money is withdrawn."""

    amount: float


class PlaceByHand(_OneOffFault, frozen=True, kw_only=True, tag="place_wager"):
    """Place a wager on the bot's account, as if a person had placed it by hand."""

    external_id: str
    line_id: str
    odds: int
    stake: float
    """The stake of the wager in dollars."""
    wager_strategy: str | None = None


class NoteLatched(_OneOffFault, frozen=True, kw_only=True, tag="latched"):
    """Tell the referee that the bot was killed or stopped. From now on the bot must not place any wager."""

    cause: str = "kill"


class NoteResumed(_OneOffFault, frozen=True, kw_only=True, tag="resumed"):
    """Tell the referee that the kill switch was released."""


class NoteProcessKilled(_OneOffFault, frozen=True, kw_only=True, tag="gone"):
    """Tell the referee that the bot's process is about to be killed. Until the bot is subscribed to the feed again, the
    referee does not demand that the bot cancels its wagers."""


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
