"""The health of the feed: which connections are up, which sport events they cover (bring the books of), and the private
channel.

A connection carries channels. In the simplest feed, one connection carries two channels. One channel brings the books
of every sport event. The other channel, the private channel, brings the reports on our own wagers. Other feeds spread
the sport events over several connections.

The rules:

* One connection carries the private channel, and the feed is up while this connection is up. Without the private
  channel we do not learn of matches. So if the private channel is lost, the feed counts as lost and everything is
  cancelled.
* When a connection that carries only books is lost, its sport events are not covered until a connection carries them
  again.
* The exchange sends health checks over the connection of the private channel alone. So only this connection counts as
  silent when no health check comes. For a connection that carries only books, the engine expects no health checks, and
  silence is normal when no book changes. The feed's own pings (mmbot/net/pusher.py) end such a connection if it is
  dead.
* A message counts as a sign of life for the connection over which it came, and for no other connection. After the end
  of a connection, its late messages are no sign of life.
* Only one connection counts for a sport event. If two connections carry it, the connection with the higher number
  counts. A channel that names the sport event takes precedence over a channel that brings every sport event.
* When another connection or channel starts to bring the books of a sport event, the books get a new generation number.
  The reason is that messages may have been missed. A book is current if a message or a REST read confirmed it in the
  present generation.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import NEVER, Duration, Instant
from mmbot.engine.events import Channel


class Cover:
    """The connection and channels that bring the books of a sport event."""

    __slots__ = ("channels", "connection", "generation", "since")

    def __init__(self, connection: int, channels: tuple[Channel, ...], generation: int, since: Instant) -> None:
        self.connection: Final = connection
        self.channels: Final = channels
        self.generation: Final = generation
        """The generation number of the books. The number is 0 if no connection brings the books of the sport event."""
        self.since: Final = since


UNCOVERED: Final = Cover(0, (), 0, 0)


class Connection:
    """The channels and the health of one feed connection."""

    __slots__ = ("channels", "ended", "heard_at", "number", "silent_at")

    def __init__(self, number: int) -> None:
        self.number: Final = number
        self.channels: tuple[Channel, ...] = ()
        self.heard_at: Instant = 0
        """The instant of the latest message on the connection. It is 0 before any message came."""
        self.silent_at: Instant = NEVER
        """The instant at which the connection counts as silent, unless a health check comes earlier. ``NEVER`` for a
        connection without health checks."""
        self.ended = False
        """True if the connection has ended, so that its late messages are no sign of life."""

    @property
    def private(self) -> bool:
        """True if the connection carries the private channel, and with it the health checks."""
        return any(channel.private for channel in self.channels)


class Coverage:
    """The connections that are up, and the sport events whose books they bring."""

    def __init__(self, silence: Duration) -> None:
        """Start without any connection. ``silence`` is how long the private channel may go without a health check
        before the channel counts as silent."""
        self.up = False
        """True while the private channel of the feed is up."""
        self.latest = 0
        """The number of the latest generation of the books."""
        self._silence: Final = silence
        self._connections: dict[int, Connection] = {}
        self._private = Connection(0)
        """The connection that carries the private channel, or carried it most recently. Its number is 0 before the feed
        starts."""
        self._speaker = self._private
        """The connection of the latest message, if that connection has not ended."""
        self._every = UNCOVERED
        self._sport_events: dict[int, Cover] = {}

    @property
    def private(self) -> int:
        """The number of the feed connection that carries the private channel, or carried it most recently. The number
        is 0 before the feed starts."""
        return self._private.number

    @property
    def heard_at(self) -> Instant:
        """The instant of the latest message on the connection of the private channel. It is 0 before any message
        came."""
        return self._private.heard_at

    @property
    def silent_at(self) -> Instant:
        """The instant at which the connection of the private channel counts as silent, unless a health check comes
        earlier."""
        return self._private.silent_at

    def of(self, sport_event: int) -> Cover:
        """Return the connection and channels that bring the books of a sport event. The result is ``UNCOVERED`` if
        nothing brings these books."""
        return self._sport_events.get(sport_event, self._every)

    def generation(self, sport_event: int, connection: int) -> int:
        """Return the generation number of a message that came on ``connection`` about a sport event. If this connection
        does not bring the books of the sport event, the result is 0. The message must then be dropped."""
        cover = self._sport_events.get(sport_event, self._every)
        return cover.generation if cover.connection == connection else 0

    def is_current(self, sport_event: int, generation: int) -> bool:
        """Return whether a book of a sport event is current. ``generation`` is the generation number that applied when
        the book was confirmed most recently."""
        cover = self._sport_events.get(sport_event, self._every)
        return cover.generation == generation and generation > 0

    @property
    def connections(self) -> tuple[int, ...]:
        """The number of each connection that carries channels. A connection whose private channel counts as lost is
        included."""
        return tuple(self._connections)

    # --- news from the shell -------------------------------------------------------------------------------------

    def carry(self, connection: int, channels: tuple[Channel, ...], now: Instant) -> None:
        """Record which channels a connection carries from now on. If the connection is gone, ``channels`` is empty."""
        known = self._connections.get(connection)
        record = Connection(connection) if known is None else known
        record.channels = channels
        if known is None:
            record.heard_at = now
        if record.private:
            if record is not self._private or not self.up:
                record.silent_at = now + self._silence
                record.heard_at = now
                record.ended = False
            self.up = True
            self._private = record
            for other in [each for each in self._connections.values() if each.private and each is not record]:
                self._end(other)
        else:
            record.silent_at = NEVER
        if channels:
            self._connections[connection] = record
        else:
            self._end(record)
        self._cover(now)

    def private_lost(self) -> None:
        """Record that the private channel is lost, or counts as lost. Books on its connection are still used. When
        another connection carries the private channel, the books get new generation numbers."""
        self.up = False

    def private_ended(self) -> None:
        """Record that the connection of the private channel has ended, so that its late messages are no sign of
        life."""
        self._private.ended = True
        self._speaker = Connection(0)

    def heard(self, connection: int, now: Instant) -> None:
        """Record that a message came on a connection."""
        speaker = self._speaker
        if connection != speaker.number:
            other = self._connections.get(connection)
            if other is None or other.ended:
                return
            self._speaker = speaker = other
        speaker.heard_at = now

    def beat(self, connection: int, now: Instant) -> None:
        """Record that a health check came on a connection."""
        self.heard(connection, now)
        record = self._connections.get(connection)
        if record is not None and record.private and not record.ended:
            record.silent_at = now + self._silence

    def _end(self, record: Connection) -> None:
        record.ended = True
        self._connections.pop(record.number, None)
        self._speaker = Connection(0)

    def _cover(self, now: Instant) -> None:
        every: tuple[int, tuple[Channel, ...]] = (0, ())
        single: dict[int, tuple[int, tuple[Channel, ...]]] = {}
        for connection in sorted(self._connections):
            for channel in self._connections[connection].channels:
                if channel.sport_events is None:
                    every = _and(every, connection, channel)
                else:
                    for sport_event in channel.sport_events:
                        single[sport_event] = _and(single.get(sport_event, (0, ())), connection, channel)
        self.latest += 1
        self._every = self._renew(self._every, every, now)
        self._sport_events = {
            sport_event: self._renew(self._sport_events.get(sport_event, UNCOVERED), carried, now)
            for sport_event, carried in single.items()
        }

    def _renew(self, known: Cover, carried: tuple[int, tuple[Channel, ...]], now: Instant) -> Cover:
        connection, channels = carried
        if not connection:
            return UNCOVERED
        if (known.connection, known.channels) == carried:
            return known
        return Cover(connection, channels, self.latest, now)


def _and(
    carried: tuple[int, tuple[Channel, ...]], connection: int, channel: Channel
) -> tuple[int, tuple[Channel, ...]]:
    """Return ``carried`` (a connection and its channels) with one more channel. If the channel is on another
    connection, it replaces all channels in ``carried``."""
    return connection, (*carried[1], channel) if carried[0] == connection else (channel,)
