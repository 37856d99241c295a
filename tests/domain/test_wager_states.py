"""The state table of a wager, compared with the documented flows and the rules for revived wagers."""

from __future__ import annotations

from itertools import product

import pytest

from mmbot.domain.wager import Status
from mmbot.domain.wager_states import (
    AWAITING,
    COULD_MATCH,
    FINAL,
    PROVED,
    SAID,
    TABLE,
    Happening,
    ImpossibleError,
    State,
    after,
)

SAYINGS = [happening for happening in Happening if happening.name.startswith("SAID_")]
PROOFS = [happening for happening in Happening if happening.name.startswith("PROVED_")]
UNPROVED = {pair: new for pair, new in TABLE.items() if pair[1] not in PROOFS}
ENDED = [state for state in State if state not in COULD_MATCH]
NEVER_LIVED = [State.ABSENT, State.REJECTED]


def walk(*happenings: Happening) -> list[State]:
    states = [State.PLACING]
    for happening in happenings:
        states.append(after(states[-1], happening))
    return states


def test_every_report_is_defined_in_every_state() -> None:
    for pair in product(State, SAYINGS):
        assert pair in TABLE


def test_every_status_is_in_the_table() -> None:
    assert set(SAID) == set(Status)
    assert set(SAID.values()) | {Happening.SAID_FILLED} == set(SAYINGS)


def test_every_status_can_be_proved_in_every_state() -> None:
    assert set(PROVED) == set(Status)
    for pair in product(State, PROOFS):
        assert pair in TABLE


def test_a_proof_moves_a_wager_to_what_a_report_says_of_a_new_wager_even_back() -> None:
    """The exchange's records decide. Only a wager that is open before and after keeps its own state."""
    for state, happening in product(State, PROOFS):
        new = after(state, happening)
        if happening is Happening.PROVED_ABSENT:
            assert new is (State.ABSENT if state in (State.INACTIVE, State.OPEN, State.CANCELLING) else state)
            continue
        said = after(State.PLACING, Happening[happening.name.replace("PROVED_", "SAID_")])
        if state in (State.OPEN, State.CANCELLING) and said in COULD_MATCH:
            assert new is state
        else:
            assert new is said


def test_only_a_wager_taken_as_never_placed_can_be_revived() -> None:
    for (state, happening), new in UNPROVED.items():
        if state in ENDED and new in COULD_MATCH:
            assert state in NEVER_LIVED, (state, happening)
    for state in NEVER_LIVED:
        assert after(state, Happening.SAID_OPEN) is State.OPEN
        assert after(state, Happening.SAID_INACTIVE) is State.INACTIVE


def test_only_a_rejected_cancel_returns_to_an_earlier_state() -> None:
    back = {
        (State.CANCELLING, Happening.CANCEL_EARLY),
        (State.CANCELLING, Happening.CANCEL_REJECTED),
        (State.VOID, Happening.SAID_MANUAL),  # a manual result may correct a void, and a void a result
    }
    steps = {
        (state, new)
        for (state, happening), new in UNPROVED.items()
        if new is not state and (state, happening) not in back
    }
    steps -= {(state, new) for state, new in steps if state in NEVER_LIVED}
    reach = {state: {new for one, new in steps if one is state} for state in State}
    for _ in State:
        reach = {state: news.union(*(reach[new] for new in news)) for state, news in reach.items()}
    assert [state for state, news in reach.items() if state in news] == []


def test_a_result_is_never_replaced_by_less_than_a_result() -> None:
    for state in FINAL:
        for happening in SAYINGS:
            assert after(state, happening) in FINAL


def test_no_answer_to_our_requests_ends_an_open_wager() -> None:
    for happening in Happening:
        if happening not in SAYINGS and happening not in PROOFS:
            assert after(State.OPEN, happening) in (State.OPEN, State.CANCELLING)
            assert after(State.CANCELLING, happening) in COULD_MATCH


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.INACTIVE, State.OPEN, State.CANCELLING)]
)
def test_a_cancel_needs_an_id_and_a_wager_that_can_match(state: State) -> None:
    with pytest.raises(ImpossibleError, match=f"cancel_sent cannot happen to a wager that is {state.value}"):
        after(state, Happening.CANCEL_SENT)


def test_an_awaiting_wager_counts_as_able_to_match() -> None:
    assert AWAITING < COULD_MATCH
    assert not FINAL & COULD_MATCH


def test_a_winning_wager_settled_automatically() -> None:
    flow = walk(
        Happening.ACCEPTED, Happening.SAID_OPEN, Happening.SAID_FILLED, Happening.SAID_SETTLED, Happening.SAID_CLOSED
    )
    assert flow == [State.PLACING, State.INACTIVE, State.OPEN, State.MATCHED, State.SETTLED, State.CLOSED]


def test_a_losing_wager_settled_automatically() -> None:
    assert walk(Happening.ACCEPTED, Happening.SAID_OPEN, Happening.SAID_CLOSED)[-2:] == [State.OPEN, State.CLOSED]


def test_a_wager_settled_manually() -> None:
    assert walk(Happening.ACCEPTED, Happening.SAID_OPEN, Happening.SAID_MANUAL)[-1] is State.MANUAL


def test_a_lost_answer_counts_as_open_until_it_is_resolved() -> None:
    assert walk(Happening.LOST)[-1] in COULD_MATCH
    assert walk(Happening.LOST, Happening.ABSENT)[-1] is State.ABSENT
    assert walk(Happening.LOST, Happening.SAID_OPEN)[-1] is State.OPEN
    assert walk(Happening.LOST, Happening.ABSENT, Happening.SAID_OPEN)[-1] is State.OPEN


def test_a_history_read_while_the_request_is_under_way_proves_nothing() -> None:
    assert after(State.PLACING, Happening.ABSENT) is State.PLACING
    assert after(State.INACTIVE, Happening.ABSENT) is State.INACTIVE


def test_a_cancelled_wager_counts_until_its_matches_are_reported() -> None:
    flow = walk(Happening.ACCEPTED, Happening.SAID_OPEN, Happening.CANCEL_SENT, Happening.CANCEL_TAKEN)
    assert flow[-1] is State.CANCELLING
    assert flow[-1] in COULD_MATCH
