"""The names of all kinds of faults, with how often each is drawn."""

from __future__ import annotations

CRASH = "crash"

RARE = ("private_false_result",)
"""Kinds that only the loads of broken engines use."""

KINDS: dict[str, int] = {
    # the feed
    "feed_cut": 2,
    "feed_cut_for_long": 1,
    "feed_silent": 1,
    "feed_swallows": 1,
    "frozen_book": 1,
    "books_late": 1,
    "sequence_steps_back": 1,
    "board_messages_lost": 1,
    # private messages
    "private_lost": 2,
    "private_doubled": 1,
    "private_late": 1,
    "private_false": 2,
    "partly_canceled": 1,
    # requests and answers
    "requests_lost": 1,
    "answers_lost": 1,
    "answers_slow": 1,
    "answers_malformed": 1,
    "requests_detoured": 1,
    "requests_late": 1,
    "endless_cursor": 1,
    "too_many_requests": 1,
    "server_errors": 1,
    "http_dead": 1,
    "exchange_dead": 1,
    # the account
    "wager_by_hand": 2,
    "deposit": 1,
    "withdrawal": 1,
    # the board
    "goes_live": 1,
    "unlisted": 1,
    "line_moved": 1,
    "market_suspended": 1,
    "line_suspended": 1,
    "postponed": 1,
    "rescheduled": 1,
    "new_sport_event": 1,
    "ladder_changed": 1,
    "placing_disabled": 1,
    # results
    "settled_early": 2,
    "voided": 1,
    "corrected": 2,
    # the operator and the machine
    "kill": 1,
    "stop": 1,
    "strategy_hangs": 1,
    "restart_in_play": 2,
    "limits_lowered": 1,
    "wall_clock_steps": 1,
    "clock_put_back": 1,
}
"""Each kind and its share of all faults."""
