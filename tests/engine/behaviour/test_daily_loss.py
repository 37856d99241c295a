"""The daily loss guard: it ends quoting for the day, and the next calendar day lifts it."""

from __future__ import annotations

from engine_scene import EVENING, LINE, START, Fixed, Scene, settings

from mmbot.backtest.memory import Memory
from mmbot.config.settings import LimitsConfig
from mmbot.domain.instant import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.domain.position import Position
from mmbot.engine.account.profit import Profit
from mmbot.engine.orders import LostDay, Save, SaveDay, Severity
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared


def losing() -> Scene:
    """A scene that holds outcome 0 and has lost more today than the limit."""
    scene = Scene(
        Fixed((0, 105, 20000), (1, 105, 20000)),
        settings(limits=LimitsConfig(daily_loss=20)),
        starts=3 * DAY,
        start=EVENING,
    ).quoted()
    scene.take(1, 7000)
    scene.until(lambda: scene.position()[1] < -6000)
    scene.around(LINE, (180, -150))  # outcome 0 is worth a third now
    scene.until(lambda: scene.guard("daily_loss") is not None, within=5 * SECOND)
    return scene


def test_a_loss_that_only_a_book_shows_ends_quoting_within_a_second() -> None:
    """Nothing else happens that would make the engine look: no request, no answer, no report."""
    strategy = Fixed((0, 105, 20000), (1, 105, 20000))
    scene = Scene(strategy, settings(limits=LimitsConfig(daily_loss=10)), starts=3 * DAY, start=EVENING).quoted()
    scene.take(1, 7000)
    scene.until(lambda: scene.position()[1] < -6000)
    strategy.wants[None] = ()
    scene.around(LINE, (112, 112))
    scene.until(lambda: not scene.wagers())
    scene.go(31 * SECOND)
    read_at = scene.run.requests[-1][0]
    scene.around(LINE, (180, -150))  # outcome 0 is worth a third now
    scene.until(lambda: scene.guard("daily_loss") is not None, within=1100 * MILLISECOND)
    assert not [request for at, request in scene.run.requests if at > read_at]
    scene.close()


def test_the_daily_loss_guard_holds_although_the_marks_recover() -> None:
    scene = losing()
    scene.go(SECOND)
    at = scene.now
    for times in range(20):
        scene.around(LINE, (-105, 130) if times % 2 == 0 else (180, -150))
        scene.go(10 * SECOND)
    scene.around(LINE, (-105, 130))
    scene.go(MINUTE)
    assert scene.status().profit.today > -2000
    assert scene.guard("daily_loss") is not None
    assert not [fields for fields in scene.alerts("guard.lifted", at) if fields["guard"] == "daily_loss"]
    assert not [fields for fields in scene.alerts("guard.held", at) if fields["guard"] == "daily_loss"]
    assert not scene.placements(at)
    assert not scene.wagers()
    scene.until(lambda: scene.guard("daily_loss") is None, within=DAY)
    assert scene.now // DAY == START // DAY + 1
    assert scene.now % DAY < 2 * SECOND
    scene.close()


def test_the_loss_of_a_day_is_logged_as_an_error() -> None:
    scene = losing()
    assert [alert.fields["guard"] for _, alert in scene.run.alerts if alert.level is Severity.ERROR] == ["daily_loss"]
    scene.close()


def test_the_daily_loss_guard_survives_a_restart_with_its_reason_and_start() -> None:
    scene = losing()
    scene.go(SECOND)
    first = scene.guard("daily_loss")
    assert first is not None
    scene.around(LINE, (-105, 130))  # the marks recover while the daemon is down
    scene.restart(HOUR)
    scene.go(SECOND)
    again = scene.guard("daily_loss")
    assert again is not None, "it holds from the start, not only once books are read"
    assert (again.reason, again.since) == (first.reason, first.since)
    at = scene.now
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(MINUTE)
    assert scene.status().profit.today > -2000
    assert scene.guard("daily_loss") == again
    assert not scene.placements(at)
    scene.until(lambda: scene.guard("daily_loss") is None, within=DAY)
    assert scene.now // DAY == START // DAY + 1
    scene.close()


def test_a_restart_on_the_next_day_lifts_the_daily_loss_guard() -> None:
    scene = losing()
    scene.go(SECOND)
    scene.restart(DAY)
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(MINUTE)
    assert scene.guard("daily_loss") is None
    assert scene.status().profit.today == 0, "the old position is worth what it was worth when the day began"
    assert scene.sides() == {0, 1}


def test_only_a_restart_with_a_higher_limit_lifts_the_daily_loss_guard() -> None:
    shared, profit, _ = profits()
    profit.look(START, ready=True)
    profit.fair(LINE, 0.4)
    profit.look(START + SECOND, ready=True)
    saved = days(shared)[-1]
    assert saved.lost == LostDay(START + SECOND, 2000, 2000)

    for limit, holds in ((10, True), (20, True), (20.01, False)):
        shared, profit, _ = profits(limit, saved)
        profit.look(START + HOUR, ready=False)
        assert shared.guards.holds("daily_loss", ACCOUNT) is holds, limit
        profit.look(START + HOUR, ready=True)
        assert shared.guards.holds("daily_loss", ACCOUNT) is holds, limit


def test_the_daily_loss_guard_returns_once_the_higher_limit_is_lost_too() -> None:
    lost = LostDay(START, 2000, 2000)
    shared, profit, _ = profits(30, SaveDay(START // DAY, 0, -2000, lost))
    profit.look(START + HOUR, ready=True)
    assert not shared.guards.holds("daily_loss", ACCOUNT)
    assert [day.lost for day in days(shared)] == [None]
    profit.fair(LINE, 0.35)
    profit.look(START + HOUR + SECOND, ready=True)
    assert shared.guards.reason("daily_loss", ACCOUNT) == "lost $30.00 today, limits.daily_loss is $30.00"
    kept = [day.lost for day in days(shared)]
    assert kept == [LostDay(START + HOUR + SECOND, 3000, 3000)], "at once, not with the next figures"


def days(shared: Shared) -> list[SaveDay]:
    """The figures of days that were saved since the last call."""
    saved = [order for order in shared.outbox.take() if isinstance(order, Save)]
    return [record for order in saved for record in order.records if isinstance(record, SaveDay)]


def profits(daily_loss: float = 20, day: SaveDay | None = None) -> tuple[Shared, Profit, Position]:
    """Profit of an account that holds a position which is even at a fair probability of 0.5."""
    shared = Shared(settings(limits=LimitsConfig(daily_loss=daily_loss)), Memory().seed(), ())
    profit = Profit(shared, day)
    position = Position()
    position.profit = [10_000, -10_000]
    shared.ledger.positions[LINE] = position
    profit.mark(LINE, position)
    profit.fair(LINE, 0.5)
    return shared, profit, position


def test_a_loss_after_midnight_counts_for_the_new_day_although_the_daemon_is_not_ready() -> None:
    shared, profit, _ = profits()
    midnight = (START // DAY + 1) * DAY
    profit.look(midnight - HOUR, ready=True)
    profit.fair(LINE, 0.45)  # 10.00 are lost before midnight
    profit.look(midnight + SECOND, ready=False)
    assert profit.today == 0
    profit.fair(LINE, 0.38)  # 14.00 more are lost before the daemon is ready
    profit.look(midnight + HOUR, ready=True)
    assert profit.today == -1400
    assert not shared.guards.holds("daily_loss", ACCOUNT)
    profit.fair(LINE, 0.34)
    profit.look(midnight + 2 * HOUR, ready=True)
    assert shared.guards.holds("daily_loss", ACCOUNT)


def test_the_daily_loss_guard_is_lifted_at_midnight_although_the_daemon_is_ready_later() -> None:
    shared, profit, _ = profits()
    midnight = (START // DAY + 1) * DAY
    profit.look(midnight - HOUR, ready=True)
    profit.fair(LINE, 0.3)
    profit.look(midnight - MINUTE, ready=True)
    assert shared.guards.holds("daily_loss", ACCOUNT)
    profit.look(midnight + SECOND, ready=False)
    profit.look(midnight + HOUR, ready=True)
    assert not shared.guards.holds("daily_loss", ACCOUNT)


def test_the_first_day_of_a_run_begins_once_its_positions_are_valued() -> None:
    _, profit, _ = profits()
    profit.fair(LINE, 0.3)
    profit.look(START, ready=False)
    assert profit.today == 0
    profit.fair(LINE, 0.5)
    profit.look(START + SECOND, ready=True)
    assert profit.today == 0
    profit.fair(LINE, 0.49)
    assert profit.today == -200


def test_a_clock_that_wobbles_at_midnight_opens_no_new_day() -> None:
    """The limit is lost right after midnight. Then the wall clock steps back over midnight, and forward again."""
    shared, profit, _ = profits()
    midnight = (START // DAY + 1) * DAY
    profit.look(midnight - HOUR, ready=True)
    profit.look(midnight + SECOND, ready=True)
    profit.fair(LINE, 0.3)
    profit.look(midnight + 2 * SECOND, ready=True)
    held = shared.guards.reason("daily_loss", ACCOUNT)
    assert held is not None
    for offset in (-5 * SECOND, 0, -HOUR, 0):
        shared.clock.stepped(offset, midnight)
        profit.look(midnight + 3 * SECOND, ready=True)
        assert shared.guards.reason("daily_loss", ACCOUNT) == held
        assert profit.today == -4000
    profit.look(midnight + DAY, ready=True)
    assert not shared.guards.holds("daily_loss", ACCOUNT)


def test_a_day_in_the_far_future_ends_once_the_clock_is_right_again() -> None:
    shared, profit, _ = profits(day=SaveDay(START // DAY + 300, 0, -500, None))
    profit.look(START, ready=True)
    saved = [day.day for day in days(shared)]
    assert saved == [START // DAY]
