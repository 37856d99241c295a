"""Feed health: which connections stand, which sport events they cover and since when, and the private channel.

A connection carries channels. In the simplest feed one connection carries two: one that brings the books of every
sport event, and the private one. Other feeds spread the sport events over several connections.

The rules:

* The private channel stands on one connection. The feed is up while that connection is. Without it we do not hear
  of matches, so its loss is the loss of the feed: everything is cancelled.
* When a connection that carries only books is lost, its sport events are not covered until a connection carries them
  again.
* All channels of one sport event stand on one connection. If two connections carry it, the one with the higher number
  counts. A channel of the sport event's own counts before one that brings every sport event.
* When another connection or channel starts to bring the books of a sport event, the books get a new generation, because
  messages may have been missed. A book is current if a message or a read confirmed it under the present generation.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Duration, Instant
from mmbot.engine.events import Channel


class Cover:
    """The connection and channels that bring the books of a sport event."""

    __slots__ = ("channels", "connection", "generation", "since")

    def __init__(self, connection: int, channels: tuple[Channel, ...], generation: int, since: Instant) -> None:
        self.connection: Final = connection
        self.channels: Final = channels
        self.generation: Final = generation
        """0 if the sport event is not covered."""
        self.since: Final = since


UNCOVERED: Final = Cover(0, (), 0, 0)


class Coverage:
    """The connections that stand, and what they cover."""

    def __init__(self, silence: Duration) -> None:
        """``silence``: the longest time between two health checks of a private channel that is up."""
        self.up = False
        """True while the private channel is up."""
        self.private = 0
        """The connection with the private channel, or the last one that had it; 0 before the first."""
        self.heard_at: Instant = 0
        """The latest message of that connection, 0 before the first."""
        self.silent_at: Instant = 0
        """When that connection counts as silent if no health check comes before. Connections that carry only books get
        no health checks: the shell judges them by their pings."""
        self.latest = 0
        """The number of the latest generation."""
        self._silence: Final = silence
        self._channels: dict[int, tuple[Channel, ...]] = {}
        self._every = UNCOVERED
        self._events: dict[int, Cover] = {}

    def of(self, event: int) -> Cover:
        """Return the cover of a sport event; ``UNCOVERED`` if no connection brings its books."""
        return self._events.get(event, self._every)

    def generation(self, event: int, connection: int) -> int:
        """Return the generation under which a connection's message about a sport event counts; 0 if it is stale."""
        cover = self._events.get(event, self._every)
        return cover.generation if cover.connection == connection else 0

    def is_current(self, event: int, generation: int) -> bool:
        """Return whether a book of a sport event that was confirmed under ``generation`` is current."""
        cover = self._events.get(event, self._every)
        return cover.generation == generation and generation > 0

    @property
    def connections(self) -> tuple[int, ...]:
        """The connections that carry channels, and the last one that had the private channel."""
        return tuple(self._channels)

    # --- news from the shell -------------------------------------------------------------------------------------

    def carry(self, connection: int, channels: tuple[Channel, ...], now: Instant) -> None:
        """Take the channels that a connection carries from now on. An empty tuple means that the connection is gone."""
        if any(channel.private for channel in channels):
            if connection != self.private or not self.up:
                self.silent_at = now + self._silence
                self.heard_at = now
            self.up = True
            self.private = connection
            self._channels = {
                number: carried
                for number, carried in self._channels.items()
                if not any(channel.private for channel in carried)
            }
        if channels:
            self._channels[connection] = channels
        else:
            self._channels.pop(connection, None)
        self._cover(now)

    def private_lost(self) -> None:
        """Note that the private channel is lost, or counts as lost. Messages of its connection are still taken until
        its successor is up; then new generations start."""
        self.up = False

    def heard(self, connection: int, now: Instant) -> None:
        """Note that a message came."""
        if connection == self.private:
            self.heard_at = now

    def beat(self, connection: int, now: Instant) -> None:
        """Note that a health check came."""
        if connection == self.private:
            self.silent_at = now + self._silence
            self.heard_at = now

    def _cover(self, now: Instant) -> None:
        every: tuple[int, tuple[Channel, ...]] = (0, ())
        single: dict[int, tuple[int, tuple[Channel, ...]]] = {}
        for connection in sorted(self._channels):
            for channel in self._channels[connection]:
                if channel.events is None:
                    every = _and(every, connection, channel)
                else:
                    for event in channel.events:
                        single[event] = _and(single.get(event, (0, ())), connection, channel)
        self.latest += 1
        self._every = self._renew(self._every, every, now)
        self._events = {
            event: self._renew(self._events.get(event, UNCOVERED), carried, now) for event, carried in single.items()
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
    """Add a channel to those of the same connection; a later connection replaces an earlier one."""
    return connection, (*carried[1], channel) if carried[0] == connection else (channel,)
