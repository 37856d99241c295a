"""A failure is reported in one sentence until a success shows that it is over."""

import msgspec
from scripted_daemon import settings, status_of

from mmbot.daemon.trouble import Troubles, with_trouble
from mmbot.domain.instant import SECOND, from_iso
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.screen.daemon_status import DaemonStatus, trouble_text
from mmbot.screen.status_text import status_text, why_text

NOW = from_iso("2027-01-15T12:01:05Z")
CONFIG = settings(exchange={"base_url": "http://127.0.0.1:9111/partner"})


def failed(number, code="connection", message="connection refused"):
    reasons = {"connection": e.FailureReason.UNREACHABLE, "login_rejected": e.FailureReason.LOGIN}
    return e.Failed(number, e.Failure.RETRYABLE, code, message, reason=reasons.get(code, e.FailureReason.OTHER))


def said(troubles, **changes):
    return trouble_text(with_trouble(status_of(**({"now": NOW} | changes)), CONFIG, troubles))


def test_an_exchange_that_cannot_be_reached_is_named_with_its_tries_and_since_when():
    troubles = Troubles()
    for number in range(46):
        request = r.CancelAll(number) if number % 2 else r.ReadBalance(number)
        troubles.answered(request, failed(number), NOW + number * SECOND)
    assert said(troubles) == (
        "cannot reach the exchange: connection refused at http://127.0.0.1:9111 (46 tries since 12:01:05Z)"
    )


def test_any_answer_shows_that_the_exchange_can_be_reached():
    troubles = Troubles()
    troubles.answered(r.CancelAll(1), failed(1), NOW)
    troubles.answered(r.ReadLadder(2), e.CancelledAll(2, nothing_open=True), NOW)
    assert said(troubles) is None


def test_what_fails_is_over_only_when_the_same_succeeds_and_then_counts_anew():
    troubles = Troubles()
    troubles.answered(r.CancelAll(1), failed(1, "http_500", ""), NOW)
    troubles.answered(r.ReadLadder(2), e.CancelledAll(2, nothing_open=True), NOW)
    assert said(troubles) == "CancelAll fails: http_500 (1 try since 12:01:05Z)"
    troubles.answered(r.CancelAll(3), e.CancelledAll(3, nothing_open=True), NOW)
    assert said(troubles) is None
    troubles.answered(r.CancelAll(4), failed(4, "http_500", "later"), NOW + SECOND)
    assert said(troubles) == "CancelAll fails: http_500: later (1 try since 12:01:06Z)"


def test_an_outage_is_over_once_the_exchange_answers_although_the_same_read_is_not_due_again():
    troubles = Troubles()
    for second in range(60):
        troubles.answered(r.ReadHistory(second), failed(second, "http_503", ""), NOW + second * SECOND)
    for second in range(60, 80):
        assert said(troubles, now=NOW + second * SECOND) == (
            None if second >= 59 + 15 else "ReadHistory fails: http_503 (60 tries since 12:01:05Z)"
        )
        troubles.answered(r.ReadBalance(second), e.BalanceRead(second, 100, 0, 0), NOW + second * SECOND)


def test_what_goes_on_failing_is_shown_although_other_requests_succeed():
    troubles = Troubles()
    for second in range(0, 120, 5):
        troubles.answered(r.ReadHistory(second), failed(second, "http_503", ""), NOW + second * SECOND)
        troubles.answered(r.ReadBalance(second), e.BalanceRead(second, 100, 0, 0), NOW + (second + 1) * SECOND)
        assert "ReadHistory fails" in said(troubles, now=NOW + (second + 4) * SECOND)


def test_an_outage_is_shown_for_as_long_as_nothing_is_answered():
    troubles = Troubles()
    troubles.answered(r.ReadHistory(1), failed(1, "http_503", ""), NOW)
    assert "ReadHistory fails" in said(troubles, now=NOW + 3600 * SECOND)


def test_a_rejected_request_is_shown_longer_than_an_outage():
    troubles = Troubles()
    rejected = e.Failed(1, e.Failure.REJECTED, "placement_disabled", "")
    troubles.answered(r.PlaceMany(1, ()), rejected, NOW)
    troubles.answered(r.ReadBalance(2), e.BalanceRead(2, 100, 0, 0), NOW + SECOND)
    assert "PlaceMany fails" in said(troubles, now=NOW + 299 * SECOND)
    assert said(troubles, now=NOW + 300 * SECOND) is None


def test_the_feeds_trouble_is_told_while_it_is_down_and_counts_from_the_loss():
    troubles = Troubles()
    troubles.feed_ended(False, "lost", "no answer", NOW - 9 * SECOND)
    troubles.feed_ended(True, "silent", "nothing heard", NOW)
    troubles.feed_ended(False, "lost", "refused", NOW + SECOND)
    assert said(troubles) == "the feed does not stay connected: lost: refused (2 tries since 12:01:05Z)"
    assert said(troubles, feed_up=True) is None


def test_status_and_why_tell_it_and_it_survives_the_wire():
    troubles = Troubles()
    troubles.answered(r.CancelAll(1), failed(1), NOW)
    status = with_trouble(status_of(NOW, phase="cancelling"), CONFIG, troubles)
    assert msgspec.json.decode(msgspec.json.encode(status), type=DaemonStatus) == status
    for text in (status_text(status), why_text(status)):
        assert "cannot reach the exchange: connection refused at http://127.0.0.1:9111 (1 try" in text


def test_a_rejected_log_in_comes_before_what_fails_by_it_and_says_what_to_do():
    troubles = Troubles()
    troubles.answered(r.ReadBalance(1), failed(1, "login_rejected", "unauthorized: no such key"), NOW)
    troubles.answered(r.CancelAll(2), failed(2, "login_rejected", "unauthorized: no such key"), NOW + SECOND)
    troubles.answered(r.PlaceMany(3, ()), failed(3, "unauthorized", "no session at the moment"), NOW + 2 * SECOND)
    troubles.feed_ended(True, "silent", "nothing heard", NOW + 3 * SECOND)
    assert said(troubles) == (
        "the exchange rejects the log-in: unauthorized: no such key: check PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY "
        "for environment local, and start again (2 tries since 12:01:05Z)"
    )
    troubles.answered(r.ReadLadder(4), e.LadderRead(4, ()), NOW)
    assert "log-in" not in said(troubles)


def test_a_broken_price_file_is_shown_until_it_is_read_again():
    troubles = Troubles()
    troubles.price_file("p.json: prices[1].probability: expected a number\np.json: prices[2]: expected an object")
    status = with_trouble(status_of(NOW), CONFIG, troubles)
    for text in (status_text(status), why_text(status)):
        assert "your own prices are not read: p.json: prices[1].probability: expected a number (and 1 other" in text
        assert "earlier prices are used until they are too old" in text
    troubles.price_file(None)
    assert "own prices" not in status_text(with_trouble(status_of(NOW), CONFIG, troubles))
