"""Finds values that have the right type but make no sense, alone or together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mmbot.config.hosts import PRODUCTION_URL, SANDBOX_URL, Owner, address, is_loopback
from mmbot.config.problems import Path, shown_path
from mmbot.config.settings import Config, MatchConfig
from mmbot.config.suggestions import nearest

HEALTH_CHECK_S: Final = 5.0
"""The time between two of ProphetX's health checks, in seconds (docs/protocol.md 8.3)."""

TYPES: Final = ("moneyline", "spread", "total", "sup_moneyline")
"""The known types of ProphetX's markets (docs/protocol.md 5.2). ProphetX may add more types."""

_SCOPES: Final = ("line", "market", "event", "tournament", "account")
_LISTS: Final = ("tournament", "event", "type", "sub_type", "category_name")
"""The names of the settings in ``match`` (a part of each quoting rule) that take a list."""

_CLASS_NAME: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

Given = Callable[[Path], bool]


class Senseless(NamedTuple):
    """A value that makes no sense."""

    path: Path
    message: str
    because_of: tuple[Path, ...] = ()
    """The paths of the other settings that contradict the setting with the problem."""


def senseless(config: Config, given: Given) -> Iterator[Senseless]:
    """Yield every value that makes no sense. ``given`` is a function that returns True for a path that the file
    contains."""
    yield from _exchange(config)
    yield from _pace(config, given)
    yield from _quoting(config)
    yield from _limits(config, given)
    yield from _rule_limits(config, given)
    yield from _guards(config, given)
    yield from _watchdog(config, given)
    yield from _doors(config)
    yield from _journal(config)


def doubtful(config: Config) -> Iterator[Senseless]:
    """Yield values that are allowed but are probably a mistake."""
    for number, rule in enumerate(config.quoting):
        for place, name in enumerate(rule.match.type):
            if name not in TYPES:
                message = f"'{name}' is not a known market type{nearest(name, TYPES)}"
                yield Senseless(("quoting", number, "match", "type", place), message)
        yield from _named_twice(number, rule.match)


def _named_twice(number: int, match: MatchConfig) -> Iterator[Senseless]:
    """Yield each entry that occurs twice in a list of a quoting rule."""
    for name in _LISTS:
        values = getattr(match, name)
        for place, value in enumerate(values):
            if value in values[:place]:
                message = f"{value!r} stands in this list already; did you mean another one?"
                yield Senseless(("quoting", number, "match", name, place), message)


def is_class_name(text: str) -> bool:
    """Return True if a text has the form ``module:Class``."""
    return _CLASS_NAME.fullmatch(text) is not None


def _exchange(config: Config) -> Iterator[Senseless]:
    here: Path = ("exchange", "base_url")
    environment = config.environment
    base = address(config.exchange.base_url)
    if base is None:
        yield Senseless(here, "expected a URL like " + SANDBOX_URL)
    elif not base.plain:
        yield Senseless(here, "expected a URL without user, password, query or fragment")
    elif base.scheme != "https" and not (base.scheme == "http" and base.owner is Owner.LOOPBACK):
        yield Senseless(here, f"expected https (http is for this machine only), found {base.scheme} to {base.host}")
    else:
        wanted, example = _HOSTS[environment]
        if base.owner is not wanted:
            message = f"environment {environment} needs {wanted.value} (like {example}), but "
            message += f"{base.host} is {base.owner.value}"
            yield Senseless(here, message, (("environment",),))
    yield from _websocket(config)
    if config.exchange.clock is not None:
        local = base is not None and base.owner is Owner.LOOPBACK and environment == "local"
        if not local:
            message = "only a local exchange on this machine may have its own clock; remove this setting"
            yield Senseless(("exchange", "clock"), message, (here, ("environment",)))


_HOSTS: Final = {
    "local": (Owner.LOOPBACK, "http://127.0.0.1:9000/partner"),
    "sandbox": (Owner.SANDBOX, SANDBOX_URL),
    "production": (Owner.PRODUCTION, PRODUCTION_URL),
}


def _websocket(config: Config) -> Iterator[Senseless]:
    here: Path = ("exchange", "ws_url")
    if config.exchange.ws_url is None:
        return
    feed = address(config.exchange.ws_url)
    if feed is None:
        yield Senseless(here, "expected null or a URL like ws://127.0.0.1:9000")
    elif not feed.plain:
        yield Senseless(here, "expected a URL without user, password, query or fragment")
    elif feed.scheme != "wss" and not (feed.scheme == "ws" and feed.owner is Owner.LOOPBACK):
        yield Senseless(here, f"expected wss (ws is for this machine only), found {feed.scheme} to {feed.host}")
    else:
        # A server of the company Pusher may serve the feed, so an unknown host is accepted except for ``local``.
        wanted = _HOSTS[config.environment][0]
        strange = feed.owner is not Owner.UNKNOWN or wanted is Owner.LOOPBACK
        if strange and feed.owner is not wanted:
            message = f"environment {config.environment} needs {wanted.value}, but {feed.host} is {feed.owner.value}"
            yield Senseless(here, message, (("environment",),))


def _pace(config: Config, given: Given) -> Iterator[Senseless]:
    rate: Path = ("exchange", "requests_per_second")
    reserve: Path = ("exchange", "cancel_reserve")
    if config.exchange.cancel_reserve >= config.exchange.requests_per_second:
        message = (
            f"expected less than requests_per_second ({config.exchange.requests_per_second}{_source(rate, given)}), "
        )
        message += (
            f"found {config.exchange.cancel_reserve}{_source(reserve, given)}; else nothing is left for placing wagers"
        )
        yield Senseless(reserve, message, (rate,))


def _quoting(config: Config) -> Iterator[Senseless]:
    for place, rule in enumerate(config.quoting):
        if not is_class_name(rule.strategy):
            message = f"expected module:Class, like strategies.fair_value:FairValueMaker, found '{rule.strategy}'"
            yield Senseless(("quoting", place, "strategy"), message)
        window = rule.match.hours_to_start
        if window is not None and window[0] >= window[1]:
            message = f"expected [from, to] with from below to, found [{window[0]:g}, {window[1]:g}]"
            yield Senseless(("quoting", place, "match", "hours_to_start"), message)
        for earlier in range(place):
            if _takes_all_of(config.quoting[earlier].match, rule.match):
                message = f"this rule is never used: quoting[{earlier}] comes first and matches all of its markets"
                yield Senseless(("quoting", place, "match"), message, (("quoting", earlier, "match"),))
                break


def _takes_all_of(first: MatchConfig, second: MatchConfig) -> bool:
    for name in _LISTS:
        wide, narrow = getattr(first, name), getattr(second, name)
        if wide and not (narrow and set(narrow) <= set(wide)):
            return False
    wide_window, window = first.hours_to_start, second.hours_to_start
    return wide_window is None or (window is not None and wide_window[0] <= window[0] and window[1] <= wide_window[1])


def _limits(config: Config, given: Given) -> Iterator[Senseless]:
    limits = config.limits
    if limits.soft >= limits.hedge:
        soft, hedge = ("limits", "soft"), ("limits", "hedge")
        message = f"expected soft below hedge, found {limits.soft:g}{_source(soft, given)} and "
        message += f"{limits.hedge:g}{_source(hedge, given)}"
        yield Senseless(soft if given(soft) else hedge, message, (soft, hedge))
    for inner, outer in pairwise(_SCOPES):
        narrow, wide = ("limits", inner), ("limits", outer)
        one, other = getattr(limits, inner), getattr(limits, outer)
        if one > other:
            message = f"expected the limit of {_article(inner)} to be at most that of {_article(outer)}, found "
            message += f"{one:g}{_source(narrow, given)} and {other:g}{_source(wide, given)}"
            yield Senseless(narrow if given(narrow) else wide, message, (narrow, wide))
    if limits.stake < config.exchange.min_stake:
        path, least = ("limits", "stake"), ("exchange", "min_stake")
        message = f"expected at least the exchange's smallest stake ({config.exchange.min_stake:g}"
        yield Senseless(path, f"{message}{_source(least, given)}), found {limits.stake:g}", (least,))


def _rule_limits(config: Config, given: Given) -> Iterator[Senseless]:
    for place, rule in enumerate(config.quoting):
        own: Path = ("quoting", place, "limits")
        for name in ("line", "market", "event", "stake"):
            value = getattr(rule.limits, name)
            general = getattr(config.limits, name)
            if value is not None and value > general:
                message = f"a rule can only tighten a limit; expected at most limits.{name} "
                message += f"({general:g}{_source(('limits', name), given)}), found {value:g}"
                yield Senseless((*own, name), message, (("limits", name),))
        written = [name for name in ("line", "market", "event") if getattr(rule.limits, name) is not None]
        for inner, outer in pairwise(written):
            one, other = getattr(rule.limits, inner), getattr(rule.limits, outer)
            if one > other:
                message = f"expected the limit of {_article(inner)} to be at most that of {_article(outer)}, found "
                yield Senseless((*own, inner), f"{message}{one:g} and {other:g}", ((*own, outer),))
        if rule.limits.stake is not None and rule.limits.stake < config.exchange.min_stake:
            message = f"expected at least the exchange's smallest stake ({config.exchange.min_stake:g}), "
            yield Senseless((*own, "stake"), message + f"found {rule.limits.stake:g}", (("exchange", "min_stake"),))


def _guards(config: Config, given: Given) -> Iterator[Senseless]:
    guards = config.guards
    age, reconcile = ("guards", "book_age_s"), ("guards", "reconcile_s")
    if guards.book_age_s <= guards.reconcile_s:
        message = f"expected longer than reconcile_s ({guards.reconcile_s:g}{_source(reconcile, given)}), found "
        message += f"{guards.book_age_s:g}{_source(age, given)}; otherwise a quiet book becomes stale between two reads"
        yield Senseless(age if given(age) else reconcile, message, (age, reconcile))
    hold, flap = ("guards", "hold_s"), ("guards", "flap_hold_s")
    if guards.flap_hold_s < guards.hold_s:
        message = f"expected at least hold_s ({guards.hold_s:g}{_source(hold, given)}), found {guards.flap_hold_s:g}"
        yield Senseless(flap if given(flap) else hold, message + _source(flap, given), (hold, flap))
    if guards.feed_silence_s <= HEALTH_CHECK_S and config.environment != "local":
        message = f"expected longer than the {HEALTH_CHECK_S:g} seconds between two health checks, found "
        yield Senseless(("guards", "feed_silence_s"), f"{message}{guards.feed_silence_s:g}", (("environment",),))


def _watchdog(config: Config, given: Given) -> Iterator[Senseless]:
    strategy, silence = ("watchdog", "strategy_s"), ("watchdog", "silence_s")
    if config.watchdog.strategy_s >= config.watchdog.silence_s:
        message = f"expected less than silence_s ({config.watchdog.silence_s:g}{_source(silence, given)}), found "
        message += f"{config.watchdog.strategy_s:g}{_source(strategy, given)}; otherwise the watchdog acts first"
        yield Senseless(strategy if given(strategy) else silence, message, (strategy, silence))


def _doors(config: Config) -> Iterator[Senseless]:
    if config.prices.http and not is_loopback(config.telemetry.host):
        message = f"anyone who reaches {config.telemetry.host} could set prices; set telemetry.host to 127.0.0.1 "
        yield Senseless(("prices", "http"), message + "or turn prices.http off", (("telemetry", "host"),))


def _journal(config: Config) -> Iterator[Senseless]:
    name = config.journal.time_zone
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name != "UTC":  # the default is known even on a machine without any time zones
            message = f"there is no time zone '{name}': use a name like America/New_York or UTC"
            yield Senseless(("journal", "time_zone"), message)


def _article(scope: str) -> str:
    return {"account": "the account", "event": "a sport event"}.get(scope, f"a {scope}")


def _source(path: Path, given: Given) -> str:
    """Return a remark that the value at a path is a default. Empty if the file contains the value."""
    return "" if given(path) else f", the default of {shown_path(path)}"
