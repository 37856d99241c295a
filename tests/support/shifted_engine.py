"""An engine whose clock differs from the exchange's."""

from __future__ import annotations

from typing import Any

from mmbot.domain.instant import Duration, Instant
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r


class Shifted:
    """An engine whose clock is ``behind`` the exchange's by so much; negative: ahead of it."""

    def __init__(self, engine: Any, behind: Duration) -> None:
        self.engine = engine
        self.behind = behind

    def handle(self, event: e.Event, now: Instant) -> None:
        self.engine.handle(event, now - self.behind)

    def next_request(self, now: Instant) -> r.Request | None:
        return self.engine.next_request(now - self.behind)  # type: ignore[no-any-return]

    def deadline(self, now: Instant) -> Instant | None:
        due = self.engine.deadline(now - self.behind)
        return None if due is None else due + self.behind

    @property
    def ready(self) -> bool:
        return self.engine.ready  # type: ignore[no-any-return]

    @property
    def overdue(self) -> bool:
        return self.engine.overdue  # type: ignore[no-any-return]

    def orders(self) -> list[o.Order]:
        return self.engine.orders()  # type: ignore[no-any-return]

    def status(self, now: Instant) -> Any:
        return self.engine.status(now - self.behind)
