"""The faults that happen once, in contrast to those that stay in force until they are lifted."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class _OneOffFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    pass


class DropSockets(_OneOffFault, frozen=True, kw_only=True, tag="drop_socket"):
    """Cut every websocket connection without a close frame."""


class CloseSockets(_OneOffFault, frozen=True, kw_only=True, tag="close_socket"):
    """Close every websocket connection, after a ``pusher:error``."""

    code: Annotated[int, Meta(ge=1000, le=4999)] = 4200
    message: str = "closed on demand"


class GarbleSockets(_OneOffFault, frozen=True, kw_only=True, tag="garble_socket"):
    """Send every websocket a frame that is not JSON."""


class ExpireTokens(_OneOffFault, frozen=True, kw_only=True, tag="expire_tokens"):
    """Expire every access token. A refresh brings a new one."""


class ExpireSessions(_OneOffFault, frozen=True, kw_only=True, tag="expire_sessions"):
    """End every session. Only a log-in brings a new one."""


class GoLive(_OneOffFault, frozen=True, kw_only=True, tag="go_live"):
    """Start a sport event: its pre-match wagers are wiped."""

    event: int


class CreateEvent(_OneOffFault, frozen=True, kw_only=True, tag="create_event"):
    """Create a sport event with its markets on the synthetic board."""

    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """Seconds from now."""
    listed: bool = True
    """False: the sport event is not listed and not announced."""


class MoveEvent(_OneOffFault, frozen=True, kw_only=True, tag="move_event"):
    """Reschedule a sport event, also one that was postponed."""

    event: int
    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """Seconds from now."""


class PostponeEvent(_OneOffFault, frozen=True, kw_only=True, tag="postpone_event"):
    """Postpone a sport event: no wager is accepted or matched there until it is moved."""

    event: int


class ListEvent(_OneOffFault, frozen=True, kw_only=True, tag="list_event"):
    """List a sport event again."""

    event: int


class UnlistEvent(_OneOffFault, frozen=True, kw_only=True, tag="unlist_event"):
    """Take a sport event off the list."""

    event: int


class SetMarketStatus(_OneOffFault, frozen=True, kw_only=True, tag="market_status"):
    """Set a market's status: ``active``, ``suspended`` …"""

    event: int
    market: int
    status: str


class SetLineStatus(_OneOffFault, frozen=True, kw_only=True, tag="line_status"):
    """Set a line's status."""

    event: int
    market: int
    line: float
    """The line's number in points."""
    status: str


class SetLadder(_OneOffFault, frozen=True, kw_only=True, tag="odds_ladder"):
    """Change the odds that are accepted from now on."""

    odds: tuple[int, ...] | None = None
    """None: the first ladder."""


class Maintenance(_OneOffFault, frozen=True, kw_only=True, tag="maintenance"):
    """Start or end maintenance: either no wagers are accepted and matched, or reporting answers no query."""

    of: Literal["placing", "reporting"]
    on: bool = True


class Blacklist(_OneOffFault, frozen=True, kw_only=True, tag="blacklist_competitor"):
    """Reject wagers on the sport events of a competitor."""

    competitor: str
    """The competitor's name."""
    on: bool = True


class ChangeConnection(_OneOffFault, frozen=True, kw_only=True, tag="connection_config"):
    """Name another key in the connection config. Connected sockets stay, as in a migration; ``close_socket`` ends
    them."""

    key: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,100}$")]


class Settle(_OneOffFault, frozen=True, kw_only=True, tag="settle"):
    """Apply the result of one market, or of all active markets of a sport event."""

    event: int
    market: int | None = None
    winner: Literal[0, 1] | None
    """The side that won; None for a push."""
    lines: dict[str, Literal[0, 1] | None] = {}
    """The winners of lines that end differently, by their number in points."""


class Correct(_OneOffFault, frozen=True, kw_only=True, tag="correct"):
    """Apply a result that staff enter, the first one or a correction."""

    event: int
    market: int
    winner: Literal[0, 1] | None
    lines: dict[str, Literal[0, 1] | None] = {}


class VoidMarket(_OneOffFault, frozen=True, kw_only=True, tag="void"):
    """Void one market, or all active markets of a sport event, including matched wagers."""

    event: int
    market: int | None = None


class Deposit(_OneOffFault, frozen=True, kw_only=True, tag="deposit"):
    """Move dollars into the account, or out of it if ``amount`` is negative."""

    amount: float


class PlaceByHand(_OneOffFault, frozen=True, kw_only=True, tag="place_wager"):
    """Place a wager on the bot's account that the bot did not place."""

    external_id: str
    line_id: str
    odds: int
    stake: float
    """Dollars."""
    wager_strategy: str | None = None


class NoteLatched(_OneOffFault, frozen=True, kw_only=True, tag="latched"):
    """Tell the referee that the bot was killed or stopped: from now on it may place nothing."""

    cause: str = "kill"


class NoteResumed(_OneOffFault, frozen=True, kw_only=True, tag="resumed"):
    """Tell the referee that the kill switch was released."""


class NoteProcessKilled(_OneOffFault, frozen=True, kw_only=True, tag="gone"):
    """Tell the referee that the bot's process is about to be killed. Until the bot's next feed there is no duty to
    become clear."""


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
