"""The schema of a scenario: the market, the settings, and a plan of faults, acts and expectations in order of time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from mmbot.simulator.wire.faults import Fault
from mmbot.simulator.wire.one_off_faults import OneOffFault

Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class ScenarioError(ValueError):
    """A scenario that cannot be played. The text names the file and the place in it."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Market(_Part, frozen=True, kw_only=True):
    """The board and the people who trade on it."""

    sport_events: Annotated[int, Meta(ge=1, le=6)] = 1
    starts_s: Seconds = 7200.0
    """The time from the start of the scenario to the start of the first sport event, in seconds."""
    game_s: Seconds = 300.0
    takers_s: Seconds = 12.0
    """The mean time from one taker on a line to the next, in seconds."""
    makers_s: Seconds = 4.0
    """The mean time from one change of the others' quotes on a line to the next, in seconds."""


class Exchange(_Part, frozen=True, kw_only=True):
    """The habits of the exchange where they differ from its usual ones."""

    balance: Annotated[float, Meta(ge=0)] = 10_000.0
    activation_s: Seconds = 0.15
    """The time until an accepted wager opens, in seconds."""
    history_lag_s: Seconds = 0.05
    opened_retry_s: Seconds = 0.0
    """For how long after it opened or matched a wager cannot be cancelled (425 and 500), in seconds."""
    token_life_s: Seconds = 1200.0
    sessions: Annotated[int, Meta(ge=0, le=20)] = 0
    """Sessions of the key pair that others have opened. There may be 20."""


class Clock(_Part, frozen=True, kw_only=True):
    """The clock of the bot's machine against the exchange's."""

    ahead_s: float = 0.0
    drift: Annotated[float, Meta(gt=-0.5, lt=0.5)] = 0.0


# --- acts: whatever happens that is no fault of the exchange's wire ---------------------------------------------------


class _Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="act"):
    pass


class Start(_Act, frozen=True, kw_only=True, tag="start"):
    """Start the daemon, with changed settings if any are given. It starts by itself at 0 s if no step says so."""

    config: dict[str, Any] = {}


class Stop(_Act, frozen=True, tag="stop"):
    """Ask the daemon to stop (SIGTERM)."""


class Crash(_Act, frozen=True, tag="crash"):
    """End the process without a word (``kill -9``). Its files are as they are at this moment."""


class Kill(_Act, frozen=True, tag="kill"):
    """Set the kill switch."""


class Resume(_Act, frozen=True, tag="resume"):
    """Release the kill switch."""


class Lift(_Act, frozen=True, tag="lift"):
    """End every fault of the wire that is in force."""


class Take(_Act, frozen=True, kw_only=True, tag="take"):
    """Somebody takes from our open wagers, at their odds."""

    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """The share of each wager's unmatched stake that is taken."""
    wagers: Annotated[int, Meta(ge=1)] = 1
    """The number of wagers from which somebody takes."""
    side: Literal[0, 1] | None = None
    """Only wagers on this outcome are taken. None: on either."""


class ByHand(_Act, frozen=True, kw_only=True, tag="by_hand"):
    """A person places a wager on the exchange's page, on the first line of the board."""

    side: Literal[0, 1] = 0
    odds: int = 150
    stake: float = 20.0
    """The stake in dollars."""


class FalseMessage(_Act, frozen=True, kw_only=True, tag="false_message"):
    """The exchange says of our open wagers what is not true."""

    status: Literal["open", "canceled", "closed", "void", "wiped"] = "canceled"
    matching: Literal["unmatched", "fully_matched"] = "unmatched"
    wagers: Annotated[int, Meta(ge=1)] = 1


class OldBooks(_Act, frozen=True, tag="old_books"):
    """The feed sends the books of a moment ago once more, as if they were new."""


class MoveLine(_Act, frozen=True, tag="move_line"):
    """The exchange lists the moneyline of the first sport event under the third one, with the same ids."""


class StepClock(_Act, frozen=True, kw_only=True, tag="step_clock"):
    """Somebody sets the wall clock of the bot's machine, by so many seconds."""

    seconds: float


class FullDisk(_Act, frozen=True, kw_only=True, tag="full_disk"):
    """The disk takes no more, or takes everything again."""

    on: bool = True


class OldJournal(_Act, frozen=True, tag="old_journal"):
    """Give the journal of the last run the form of the previous schema. No daemon may run."""


class Withdraw(_Act, frozen=True, kw_only=True, tag="withdraw"):
    """Somebody withdraws the whole balance but ``leave`` dollars."""

    leave: float = 0.0


class BreakEngine(_Act, frozen=True, tag="break_engine"):
    """The engine is given an event that it does not know, so that it raises."""


class Threads(_Act, frozen=True, kw_only=True, tag="threads"):
    """Let the threads of the daemon work for so many real seconds, while the virtual time stands still."""

    seconds: Annotated[float, Meta(gt=0, le=3)]


Act = (
    Start
    | Stop
    | Crash
    | Kill
    | Resume
    | Lift
    | Take
    | ByHand
    | FalseMessage
    | OldBooks
    | MoveLine
    | StepClock
    | FullDisk
    | OldJournal
    | Withdraw
    | BreakEngine
    | Threads
)


class Condition(_Part, frozen=True, kw_only=True):
    """A condition of the scenario. Every field that is given must hold."""

    quoting: bool | Literal["some"] | None = None
    """True: our wagers are open on both outcomes of every line. False: no wager of ours could match. ``some``: one
    could."""
    guard: str | None = None
    """The name of a guard that holds."""
    no_guard: str | None = None
    logged: str | dict[str, Any] | None = None
    """The name of an event that the log has since the last fault or act, or its ``event`` with other fields."""
    not_logged: str | dict[str, Any] | None = None
    why: str | None = None
    """A part of the answer of ``mmbot why``."""
    phase: str | None = None
    matches: int | None = None
    """At least so many matches in this run, as the bot counts them."""
    requests: dict[str, int] | None = None
    """At least so many requests to each of these endpoints since the last fault or act."""
    realised: float | None = None
    """The realised profit in dollars, as the bot has it. It has to equal the exchange's in any case."""
    exit: int | None = None
    """The daemon has ended with this exit code."""

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise ValueError("a condition needs at least one field")


# --- steps ------------------------------------------------------------------------------------------------------------


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a plan."""

    at: float
    """Seconds since the start of the scenario."""
    does: Fault | OneOffFault | Act | None = None
    when: str | None = None
    """If this is given, the step waits for the next request to this endpoint, and happens as it arrives."""
    expect: Condition | None = None
    within: float = 0.0
    """The condition has to become true within so many seconds."""
    keep: Condition | None = None
    lasts: float = 0.0
    """The condition has to stay true for so many seconds."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario."""

    name: str
    failure: str
    """What goes wrong, in a few words."""
    bot: str
    """What the bot does then, in a few words. docs/recovery.md shows both."""
    plan: tuple[Step, ...]
    market: Market = Market()
    exchange: Exchange = Exchange()
    clock: Clock = Clock()
    config: dict[str, Any] = {}
    """Changes to the settings of the bot."""

    ends: int = 0
    """The exit code of the last daemon."""
    compare: bool = True
    """True if the bot's figures have to equal the exchange's at the end, once things are quiet."""
    raises: bool = False
    """True if the log may have an exception."""


class _File(_Part, frozen=True, kw_only=True):
    failure: Annotated[str, Meta(min_length=10)]
    bot: Annotated[str, Meta(min_length=5)]
    plan: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    market: Market = Market()
    exchange: Exchange = Exchange()
    clock: Clock = Clock()
    config: dict[str, Any] = {}
    ends: int = 0
    compare: bool = True
    raises: bool = False


class _Expect(_Part, frozen=True, kw_only=True):
    expect: Condition
    within: Seconds = 0.0


class _Keep(_Part, frozen=True, kw_only=True):
    keep: Condition
    lasts: Seconds


_VERBS = {"fault": Fault | OneOffFault, "act": Act, "expect": _Expect, "keep": _Keep}


def read(file: Path) -> Scenario:
    """Return the scenario in a file.

    Raises:
        ScenarioError: the file is no scenario.
    """
    name = file.stem
    try:
        raw = yaml.safe_load(file.read_text())
    except yaml.YAMLError as bad:
        raise ScenarioError(f"{name}: {bad}") from bad
    whole = _convert(raw, _File, name)
    plan = []
    last = 0.0
    for number, entry in enumerate(whole.plan, 1):
        step = _step(entry, f"{name}, step {number}")
        if step.at < last:
            raise ScenarioError(f"{name}, step {number}: {step.at:g} s is earlier than the step before")
        last = step.at
        plan.append(step)
    given = {field: getattr(whole, field) for field in whole.__struct_fields__ if field != "plan"}
    return Scenario(name=name, plan=tuple(plan), **given)


def _step(entry: dict[str, Any], place: str) -> Step:
    rest = dict(entry)
    at = _convert(rest.pop("at", None), Seconds, f"{place}, at")
    when = _convert(rest.pop("when", None), str | None, f"{place}, when")
    verbs = [verb for verb in _VERBS if verb in rest]
    if len(verbs) != 1:
        raise ScenarioError(f"{place}: a step has one of {', '.join(_VERBS)}, not {' and '.join(verbs) or 'none'}")
    done = _convert(rest, _VERBS[verbs[0]], place)
    if isinstance(done, _Expect):
        return Step(at=at, expect=done.expect, within=done.within)
    if isinstance(done, _Keep):
        return Step(at=at, keep=done.keep, lasts=done.lasts)
    return Step(at=at, when=when, does=done)


def _convert(value: Any, shape: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as bad:
        raise ScenarioError(f"{place}: {bad}") from bad
