"""The reader of transactions: each is passed on once, however pages and reads overlap."""

from __future__ import annotations

from itertools import count

import pytest
from engine_scene import MARKET, Fixed, Scene
from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.domain.instant import HOUR, MINUTE, SECOND, Instant
from mmbot.domain.transaction import Transaction
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.audit.transactions import MOST_TRANSACTION_PAGES, TransactionReader


class Heard:
    """A follower that keeps its reports."""

    def __init__(self) -> None:
        self.all: list[Transaction] = []

    def took(self, transactions: tuple[Transaction, ...], now: Instant) -> None:
        self.all += transactions


def scene_with(heard: Heard) -> Scene:
    """A scene whose engine also tells ``heard`` of new transactions."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)))
    reader: TransactionReader = scene.run.engine.transactions
    reader.follow(heard)
    return scene


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("limit", [3, 1000])
def test_each_transaction_is_passed_on_once(ids: bool, limit: int) -> None:
    heard = Heard()
    scene = scene_with(heard)

    def answer(request: r.Request, now: Instant) -> e.Answer | None:
        if not isinstance(request, r.ReadTransactions):
            return None
        page = scene.run.ask(replace(request, limit=limit))
        assert isinstance(page, e.TransactionsRead)
        if ids:
            return page
        return replace(page, transactions=tuple(replace(line, transaction_id="") for line in page.transactions))

    scene.run.on_request = answer
    scene.quoted()
    for turn in range(20):
        scene.take(turn % 2, 600)
        scene.go(40 * SECOND)
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(12 * MINUTE)
    told = [(line.word, line.change, line.created_at) for line in heard.all]
    held = [(line.type, line.amount, line.created_at) for line in scene.venue.transactions(scene.account)]
    assert told == held
    assert len(told) > 40
    scene.agree()


def test_a_failed_read_begins_again_and_loses_nothing() -> None:
    heard = Heard()
    scene = scene_with(heard).quoted()
    numbers = count()
    scene.run.faults.interfere = lambda request, now: (
        Fate.BROKEN if isinstance(request, r.ReadTransactions) and next(numbers) % 3 else Fate.DONE
    )
    for turn in range(10):
        scene.take(turn % 2, 600)
        scene.go(2 * MINUTE)
    held = [line.amount for line in scene.venue.transactions(scene.account)]
    assert [line.change for line in heard.all] == held[: len(heard.all)]
    assert len(heard.all) > 5
    scene.run.faults.interfere = None
    scene.go(6 * MINUTE)
    assert len(heard.all) == len(scene.venue.transactions(scene.account))


@pytest.mark.parametrize("same", [True, False])
def test_pages_that_never_end_are_reported_and_read_again_later(same: bool) -> None:
    heard = Heard()
    scene = scene_with(heard).quoted()
    numbers = count()

    def answer(request: r.Request, now: Instant) -> e.Answer | None:
        if isinstance(request, r.ReadTransactions):
            return e.TransactionsRead(request.id, (), "again" if same else str(next(numbers)))
        return None

    scene.run.on_request = answer
    scene.until(lambda: bool(scene.alerts("transactions.endless")), within=HOUR)
    pages = len(scene.sent(r.ReadTransactions))
    assert pages <= (4 if same else MOST_TRANSACTION_PAGES + 3)
    scene.go(4 * MINUTE)
    assert len(scene.sent(r.ReadTransactions)) == pages
    scene.run.on_request = None
    scene.go(3 * MINUTE)
    assert len(heard.all) == len(scene.venue.transactions(scene.account))


def test_unread_transactions_are_reported() -> None:
    scene = Scene()
    scene.amend(lambda answer, now: replace(answer, unread=2) if isinstance(answer, e.TransactionsRead) else answer)
    scene.quoted()
    scene.until(lambda: bool(scene.alerts("transactions.unread")))
    assert scene.alerts("transactions.unread")[0] == {"number": 2}
