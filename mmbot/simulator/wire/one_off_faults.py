"""What is done to the local exchange once, on demand: beside the faults that stand until they are cleared."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class _OneOffFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    pass


class DropSockets(_OneOffFault, frozen=True, kw_only=True, tag="drop_socket"):
    """Cut every websocket connection without a word."""


class CloseSockets(_OneOffFault, frozen=True, kw_only=True, tag="close_socket"):
    """Close every websocket connection, with ``pusher:error`` before it."""

    code: Annotated[int, Meta(ge=1000, le=4999)] = 4200
    message: str = "closed on demand"


class GarbleSockets(_OneOffFault, frozen=True, kw_only=True, tag="garble_socket"):
    """Send every websocket a frame that is no JSON."""


class ExpireTokens(_OneOffFault, frozen=True, kw_only=True, tag="expire_tokens"):
    """Every access token that was given out is expired; a refresh helps."""


class ExpireSessions(_OneOffFault, frozen=True, kw_only=True, tag="expire_sessions"):
    """Every session is ended; only a log-in helps."""


class GoLive(_OneOffFault, frozen=True, kw_only=True, tag="go_live"):
    """An event starts: its pre-match wagers are wiped."""

    event: int


class CreateEvent(_OneOffFault, frozen=True, kw_only=True, tag="create_event"):
    """A new event with its markets, on the synthetic board."""

    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """Seconds."""
    listed: bool = True
    """Whether anybody is told."""


class MoveEvent(_OneOffFault, frozen=True, kw_only=True, tag="move_event"):
    """An event is due at another time; one that was postponed is to be played after all."""

    event: int
    starts_in: Annotated[float, Meta(gt=0, le=31_536_000)]
    """Seconds."""


class PostponeEvent(_OneOffFault, frozen=True, kw_only=True, tag="postpone_event"):
    """An event does not start for now: nothing is taken or matched there until it is moved."""

    event: int


class ListEvent(_OneOffFault, frozen=True, kw_only=True, tag="list_event"):
    """List an event again."""

    event: int


class UnlistEvent(_OneOffFault, frozen=True, kw_only=True, tag="unlist_event"):
    """Take an event off the list."""

    event: int


class SetMarketStatus(_OneOffFault, frozen=True, kw_only=True, tag="market_status"):
    """``active``, ``suspended`` …"""

    event: int
    market: int
    status: str


class SetLineStatus(_OneOffFault, frozen=True, kw_only=True, tag="line_status"):
    """The same of one line."""

    event: int
    market: int
    line: float
    """Its number in points."""
    status: str


class SetLadder(_OneOffFault, frozen=True, kw_only=True, tag="odds_ladder"):
    """Other odds are taken from now on."""

    odds: tuple[int, ...] | None = None
    """None: those that were taken at first."""


class Maintenance(_OneOffFault, frozen=True, kw_only=True, tag="maintenance"):
    """The exchange takes and matches no wagers, or its reporting answers no query, until it is over."""

    of: Literal["placing", "reporting"]
    on: bool = True


class Blacklist(_OneOffFault, frozen=True, kw_only=True, tag="blacklist_competitor"):
    """No wagers are taken on the events of a competitor."""

    competitor: str
    """Its name."""
    on: bool = True


class ChangeConnection(_OneOffFault, frozen=True, kw_only=True, tag="connection_config"):
    """The connection config names another key. Sockets that stand go on, as in a migration; ``close_socket`` ends
    them."""

    key: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,100}$")]


class Settle(_OneOffFault, frozen=True, kw_only=True, tag="settle"):
    """The result of a market, or of all active ones of an event."""

    event: int
    market: int | None = None
    winner: Literal[0, 1] | None
    """The side that won; None is a push."""
    lines: dict[str, Literal[0, 1] | None] = {}
    """Of lines that end otherwise, by their number in points."""


class Correct(_OneOffFault, frozen=True, kw_only=True, tag="correct"):
    """A result by hand, first or correcting an earlier one."""

    event: int
    market: int
    winner: Literal[0, 1] | None
    lines: dict[str, Literal[0, 1] | None] = {}


class VoidMarket(_OneOffFault, frozen=True, kw_only=True, tag="void"):
    """Void a market, or all active ones of an event, matched wagers and all."""

    event: int
    market: int | None = None


class Deposit(_OneOffFault, frozen=True, kw_only=True, tag="deposit"):
    """Put dollars into the account, or take them out."""

    amount: float


class PlaceByHand(_OneOffFault, frozen=True, kw_only=True, tag="place_wager"):
    """A wager on the same account that the bot did not place."""

    external_id: str
    line_id: str
    odds: int
    stake: float
    """Dollars."""
    wager_strategy: str | None = None


class NoteLatched(_OneOffFault, frozen=True, kw_only=True, tag="latched"):
    """Tell the referee that the bot was killed or stopped: from here it may place nothing."""

    cause: str = "kill"


class NoteResumed(_OneOffFault, frozen=True, kw_only=True, tag="resumed"):
    """Tell the referee that the latch was cleared."""


class NoteGone(_OneOffFault, frozen=True, kw_only=True, tag="gone"):
    """Tell the referee that the bot is about to be killed outright: until its next feed nobody can be late."""


OneOffFault = (
    DropSockets
    | CloseSockets
    | GarbleSockets
    | ExpireTokens
    | ExpireSessions
    | GoLive
    | CreateEvent
    | MoveEvent
    | PostponeEvent
    | ListEvent
    | UnlistEvent
    | SetMarketStatus
    | SetLineStatus
    | SetLadder
    | Maintenance
    | Blacklist
    | ChangeConnection
    | Settle
    | Correct
    | VoidMarket
    | Deposit
    | PlaceByHand
    | NoteLatched
    | NoteResumed
    | NoteGone
)
