"""The texts for an operator say what matters, and answer why nothing is quoted."""

import msgspec
import pytest
from scripted_daemon import status_of

from mmbot.domain.instant import HOUR, MINUTE, SECOND
from mmbot.engine.status import Counts, GuardStatus, LevelStatus, LineStatus, OwnStatus, ScopeStatus, SportEventStatus
from mmbot.screen.status_text import status_text, why_text

NOW = 1_800_000_000 * SECOND


def line(name, why=None, quoted=True):
    own = (OwnStatus("1abc-0-1", 0, -117, 5_000, 4_200, "open"),) if quoted else ()
    return LineStatus(
        sport_event=10,
        market=219,
        number=0,
        name=name,
        outcomes=("Cavaliers", "Timberwolves"),
        book=((LevelStatus(-120, 12_345),), ()),
        fair=0.5431,
        own=own,
        profit=(-500, 430),
        locked=930,
        worst_case=7_000,
        limit=50_000,
        matches=3,
        why=why,
    )


def sport_event(*lines, start=NOW + 2 * HOUR + 5 * MINUTE):
    return SportEventStatus(10, "Cavaliers at Timberwolves", "NBA", "not_started", start, tuple(lines))


def test_the_status_shows_books_own_wagers_limits_profit_and_guards():
    held = GuardStatus("book_age", "10", "quiet for 30 min", "a message", NOW - 90 * SECOND)
    text = status_text(
        status_of(
            NOW,
            quoting=True,
            sport_events=(sport_event(line("Moneyline")),),
            scopes=(ScopeStatus("account", "", 7_000, 500, 20_000, 35_000, 50_000),),
            guards=(held,),
            balance=100_000,
            balance_age_s=12.3,
            locked=12_345,
        )
    )
    for said in (
        "quoting, kill switch off",
        "Cavaliers at Timberwolves",
        "-120 $123.45",
        "-117 $42.00 open",
        "fair 0.543",
        "-$5.00 / $4.30",
        "$70.00 of $500.00",
        "$200.00",
        "book_age",
        "1 min 30 s",
        "balance $1,000.00 (12 s ago), $123.45 locked in matches",
        "$9.30 locked; worst case",
        "starts in 2 h 5 min",
    ):
        assert said in text


def test_a_kill_switch_that_a_restart_would_forget_is_shown():
    text = why_text(status_of(NOW, latched="a fat finger", latch_unstored="No space left"))
    assert "KILL SWITCH ON (NOT STORED, so a restart would quote again: No space left): a fat finger" in text


def test_why_names_first_what_holds_everywhere():
    latch = GuardStatus("latch", "account", "a fat finger", "mmbot resume", NOW - SECOND)
    status = status_of(
        NOW, latched="a fat finger", guards=(latch,), sport_events=(sport_event(line("Moneyline", "latch", False)),)
    )
    text = why_text(status)
    assert "KILL SWITCH ON: a fat finger" in text
    assert text.index("latch (account): a fat finger") < text.index("Cavaliers")
    assert "lifted when: mmbot resume" in text
    assert "0 of 1 lines" in text


def test_why_gathers_lines_by_their_reason_and_leaves_out_what_is_quoted():
    lines = [line(f"Total {number}", "bid-ask spread too wide", False) for number in range(6)]
    text = why_text(status_of(NOW, quoting=True, sport_events=(sport_event(line("Moneyline"), *lines),)))
    assert "bid-ask spread too wide: Total 0, Total 1, Total 2, Total 3 and 2 more" in text
    assert "Moneyline" not in text
    assert "1 of 7 lines" in text


def test_why_shows_what_holds_one_sport_event():
    guard = GuardStatus("start", "sport event 10", "starts in 90 s", "never", NOW)
    text = why_text(
        status_of(NOW, quoting=True, guards=(guard,), sport_events=(sport_event(line("Moneyline", "start", False)),))
    )
    assert text.index("Cavaliers at Timberwolves") < text.index("start (sport event 10): starts in 90 s")


def test_why_says_when_no_rule_matches_and_when_it_is_still_starting():
    assert "No listed market matches a quoting rule" in why_text(status_of(NOW, quoting=True))
    starting = why_text(msgspec.structs.replace(status_of(NOW), phase="reading books"))
    assert "still starting: reading books (step 6 of 7 before it quotes)" in starting


@pytest.mark.parametrize("phase", ["cancelling", "proving clear", "reading history", "connecting", "reading books"])
def test_what_is_on_offer_is_not_judged_before_it_was_read(phase):
    guard = GuardStatus("stop", "account", "the daemon is ending", "never", NOW)
    for guards in ((), (guard,)):
        text = why_text(status_of(NOW, phase=phase, guards=guards))
        assert "No listed market" not in text
        assert f"still starting: {phase}" in text
    assert "No listed market matches" in why_text(status_of(NOW, phase="holding"))


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("kill", "because the kill switch was turned on and the bot cancels everything: proving clear (step 2 of 7"),
        ("feed", "because the feed was lost and the bot cancels everything and starts over: proving clear"),
        ("stop", "because the bot is stopping: proving clear (step 2 of 7 before it ends)"),
    ],
)
def test_why_says_what_brought_the_bot_back_to_an_early_step(cause, said):
    text = why_text(status_of(NOW, phase="proving clear", cause=cause))
    assert said in text
    assert "starting" not in text


def test_a_name_that_is_cut_says_so():
    outcome, scope = "The Long-Named Wanderers of Nowhere", "Wanderers at Nowhere, first half, spread of the longest"
    long = msgspec.structs.replace(line("Moneyline"), outcomes=(outcome, "Timberwolves"))
    scopes = (ScopeStatus("line", scope, 7_000, 500, 20_000, 35_000, 50_000),)
    text = status_text(status_of(NOW, sport_events=(sport_event(long),), scopes=scopes))
    assert "The Long-Named Wanderer… book" in text
    assert "line Wanderers at Nowhere, first half, spr…" in text


def test_one_of_a_thing_is_not_said_like_several():
    text = status_text(status_of(NOW, counts=Counts(1, 100, 1, 1, 1, 1, 0, 1, 1)))
    for said in ("1 match of $1.00", "1 hedge,", "1 request,", "1 book difference", "1 wager open"):
        assert said in text


def test_a_sport_event_without_a_start_or_past_it_is_still_readable():
    past = msgspec.structs.replace(sport_event(line("Moneyline")), start=NOW - MINUTE)
    assert "due to start 1 min 0 s ago" in status_text(status_of(NOW, sport_events=(past,)))
    assert "no known start" in status_text(status_of(NOW, sport_events=(sport_event(line("Moneyline"), start=None),)))
