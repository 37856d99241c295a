"""A file of settings: what is rejected, with which place and which mend."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.config import Config, ConfigError, load, loads
from mmbot.config.document import is_credential
from mmbot.config.problems import Problem
from mmbot.engine.timing.limiter import Limiter

MINIMAL = "environment: local\nexchange: {base_url: 'http://127.0.0.1:9000/partner'}\n"
SANDBOX = "environment: sandbox\nexchange: {base_url: 'https://api.sandbox.prophetx.dev/partner'}\n"
RULE = "quoting:\n  - strategy: strategies.fair_value:FairValueMaker\n"


def problems(text: str) -> list[str]:
    """Return the mistakes in a text of settings, as a person sees them."""
    with pytest.raises(ConfigError) as rejected:
        loads(text, "f.yaml")
    return [str(problem) for problem in rejected.value.problems]


def only(text: str) -> str:
    """The same where there is to be one problem and no other."""
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def test_what_is_left_out_has_its_default() -> None:
    config = loads(MINIMAL)
    assert config.exchange.requests_per_second == 40
    assert config.limits.soft == 0.4
    assert config.quoting == ()


def test_a_whole_number_is_good_where_a_number_is_wanted() -> None:
    assert loads(MINIMAL + "limits: {line: 100}").limits.line == 100.0


def test_an_unknown_key_is_rejected_with_file_line_path_and_the_nearest_valid_key() -> None:
    text = MINIMAL + "quoting:\n  - match: {typ: [moneyline]}\n    strategy: a:B\n"
    assert only(text) == "f.yaml:4: quoting[0].match.typ: unknown key; did you mean 'type'?"


def test_an_unknown_key_unlike_any_valid_one_gets_the_list_of_them() -> None:
    assert only(MINIMAL + "stop: {zzz: 1}") == "f.yaml:3: stop.zzz: unknown key; valid names: deadline_s"


def test_a_duplicate_key_is_rejected_at_any_depth_naming_both_lines() -> None:
    assert "this key is already on line 3" in only(MINIMAL + "limits: {line: 100}\nlimits: {line: 200}\n")
    text = MINIMAL + "quoting:\n  - match:\n      type: [a]\n      type: [b]\n    strategy: a:B\n"
    assert only(text) == ("f.yaml:6: quoting[0].match.type: this key is already on line 5; remove one of them")
    assert "params.x.y" in only(MINIMAL + "quoting: [{strategy: a:B, params: {x: {y: 1, y: 2}}}]")


def test_a_missing_key_is_named_with_what_it_takes() -> None:
    assert only("exchange: {base_url: 'http://127.0.0.1/partner'}") == (
        "f.yaml: environment: is missing; expected one of local, production, sandbox"
    )
    assert only("environment: local\nexchange: {}") == (
        "f.yaml:2: exchange.base_url: is missing; expected text that is not empty"
    )


def test_every_problem_is_listed_in_the_order_of_the_file() -> None:
    text = """environment: sandbx
exchange:
  base_url: https://api.sandbox.prophetx.dev/partner
  requests_per_second: many
  transprt: aiohttp
quoting:
  - match: {tournament: [NBA], hours_to_start: [1, 2, 3]}
    strategy: fair_value
  - 12
limits: {soft: 0.9, hedge: 0.8, daily_loss: .inf}
guards: {hold_s: -1}
telemetri: {}
"""
    assert problems(text) == [
        "f.yaml:1: environment: expected one of local, production, sandbox, found the text 'sandbx'; "
        "did you mean 'sandbox'?",
        "f.yaml:4: exchange.requests_per_second: expected a whole number, at least 2 and at most 45, "
        "found the text 'many'",
        "f.yaml:5: exchange.transprt: unknown key; did you mean 'transport'?",
        "f.yaml:7: quoting[0].match.tournament[0]: expected a whole number, found the text 'NBA'",
        "f.yaml:7: quoting[0].match.hours_to_start: expected a list of 2 (each item: a number, at least 0 and "
        "at most 87,600), found a list of 3",
        "f.yaml:8: quoting[0].strategy: expected module:Class, like strategies.fair_value:FairValueMaker, "
        "found 'fair_value'",
        "f.yaml:9: quoting[1]: expected a mapping with the keys match, strategy, params, limits, found 12",
        "f.yaml:10: limits.daily_loss: expected a finite number, found .inf",
        "f.yaml:10: limits.soft: expected soft below hedge, found 0.9 and 0.8",
        "f.yaml:11: guards.hold_s: expected a number, at least 0 and at most 604,800, found -1",
        "f.yaml:12: telemetri: unknown key; did you mean 'telemetry'?",
    ]


@pytest.mark.parametrize("word", ["NO", "no", "on", "off", "Yes", "y", "n"])
def test_a_word_that_older_yaml_reads_as_a_truth_value_is_text(word: str) -> None:
    rule = f"quoting:\n  - {{match: {{type: [{word}]}}, strategy: 'a:B'}}\n"
    assert loads(MINIMAL + rule).quoting[0].match.type == (word,)
    assert f"expected true or false, found the text '{word}'" in only(MINIMAL + f"prices: {{http: {word}}}")


@pytest.mark.parametrize(
    ("written", "hint"),
    [("1_000", "; write 1000"), ("'1,000'", "; write 1000"), ("1:30", ""), ("0x10", ""), ("010", ""), ("'100'", "")],
)
def test_a_number_that_older_yaml_would_read_in_a_surprising_way_is_rejected(written: str, hint: str) -> None:
    found = only(MINIMAL + f"limits: {{line: {written}}}")
    shown = written.strip("'")
    assert found.endswith(f"found the text '{shown}'{hint}")


@pytest.mark.parametrize("written", [".inf", "-.inf", ".nan", ".NaN", "1e999"])
def test_what_is_no_finite_number_is_rejected(written: str) -> None:
    assert only(MINIMAL + f"limits: {{daily_loss: {written}}}").startswith(
        "f.yaml:3: limits.daily_loss: expected a finite number"
    )


def test_a_truth_value_is_no_number_and_a_fraction_no_whole_number() -> None:
    assert "expected a number" in only(MINIMAL + "limits: {line: true}")
    assert "expected a whole number" in only(MINIMAL + "limits: {open_wagers: 1.5}")
    assert "expected a whole number" in only(MINIMAL + "limits: {open_wagers: 2.0}")


def test_anchors_aliases_and_tags_are_rejected() -> None:
    found = problems(MINIMAL + "limits: &x {line: 100}\nstop: *x\nstate_dir: !!python/object:os.system x\n")
    assert found == [
        "f.yaml:3: the anchor '&x' is not supported; write the value out",
        "f.yaml:4: the alias '*x' is not supported; write the value out",
        "f.yaml:5: the tag 'tag:yaml.org,2002:python/object:os.system' is not supported; write the plain value",
    ]
    assert "unknown key" in only(MINIMAL + "stop: {<<: {deadline_s: 1}}")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- b\n", "at the top, found a list"),
        (b"just text", "at the top, found a single value"),
        (b"environment: local\nstate_dir: \xff\xfe\n", "f.yaml:2: is not UTF-8 text"),
        (b"environment: local\n  x: 1\n", "f.yaml:2: is not valid YAML"),
        (b"a: [1, 2\n", "is not valid YAML"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2: is not valid YAML"),
        (b"a: \x07\n", "f.yaml:1: contains a character that YAML does not allow"),
        (b"a: " + b"[" * 5000, "nested deeper than"),
        (b"? [a, b]\n: 1\n", "expected a key that is plain text"),
        (b"? \n: 1\n", "expected a key that is plain text"),
    ],
)
def test_a_file_that_is_no_mapping_of_yaml_is_rejected_with_its_place(tmp_path: Path, raw: bytes, says: str) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError) as rejected:
        load(file)
    assert any(says in str(problem) for problem in rejected.value.problems), str(rejected.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read: No such file"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load(file).environment == "local"


@pytest.mark.parametrize(
    "line",
    ["access_key: hunter2", "secret_key: hunter2", "PROPHETX_SECRET_KEY: hunter2", "secretKey: hunter2",
     "acces_key: hunter2", "password: hunter2", "exchange2: {api-key: hunter2}", "stop: {token: hunter2}"],
)  # fmt: skip
def test_credentials_in_a_file_are_rejected_and_never_repeated(line: str) -> None:
    found = problems(MINIMAL + line)
    assert any("PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY in the environment" in problem for problem in found)
    assert all("hunter2" not in problem for problem in found)


def test_credentials_in_params_and_in_an_address_are_rejected_too() -> None:
    assert "quoting[0].params.secret" in only(MINIMAL + RULE + "    params: {secret: hunter2}\n")
    found = only("environment: local\nexchange: {base_url: 'http://me:hunter2@127.0.0.1/partner'}")
    assert "without user, password" in found
    assert "hunter2" not in found


def test_no_setting_of_ours_looks_like_a_credential() -> None:
    def names(value: object) -> set[str]:
        fields = getattr(value, "__struct_fields__", ())
        return set(fields).union(*(names(getattr(value, name)) for name in fields))

    assert not [name for name in names(loads(MINIMAL)) if is_credential(name)]


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("limits: {soft: 0.7}", "limits.soft", "found 0.7 and 0.7, the default of limits.hedge"),
        ("limits: {hedge: 0.3}", "limits.hedge", "expected soft below hedge"),
        ("limits: {hedge: 1.5}", "limits.hedge", "at most 1"),
        ("limits: {line: 800}", "limits.line", "found 800 and 500, the default of limits.market"),
        ("limits: {market: 2000, event: 1500}", "limits.market", "found 2000 and 1500"),
        ("limits: {event: 400}", "limits.event", "limit of a market to be at most that of a sport event"),
        ("limits: {tournament: 6000}", "limits.tournament", "at most that of the account"),
        ("limits: {stake: 0.5}", "limits.stake", "smallest stake (1, the default of exchange.min_stake)"),
        ("guards: {book_age_s: 900}", "guards.book_age_s", "longer than reconcile_s (900"),
        ("guards: {reconcile_s: 3600}", "guards.reconcile_s", "reconcile_s (3600), found 1200, the default"),
        ("guards: {hold_s: 61}", "guards.hold_s", "expected at least hold_s (61), found 60"),
        ("telemetry: {host: 0.0.0.0}\nprices: {http: true}", "prices.http", "set telemetry.host to 127.0.0.1 or"),
        ("telemetry: {log_level: loud}", "telemetry.log_level", "expected one of debug, error, info, warning"),
        ("telemetry: {port: 70000}", "telemetry.port", "at most 65,535"),
        (RULE + "    limits: {line: 501}\n", "quoting[0].limits.line", "tighten a limit; expected at most limits.line"),
        (RULE + "    limits: {line: 300, event: 200}\n", "quoting[0].limits.line", "found 300 and 200"),
        (RULE + "    limits: {stake: 0.1}\n", "quoting[0].limits.stake", "smallest stake"),
        (RULE + "    match: {hours_to_start: [48, 0]}\n", "quoting[0].match.hours_to_start", "with from below to"),
        (RULE + "    match: {hours_to_start: [-1, 2]}\n", "quoting[0].match.hours_to_start[0]", "at most 87,600"),
        (RULE + "    match: {type: ['']}\n", "quoting[0].match.type[0]", "text that is not empty"),
        (RULE + "  - {match: {event: [1]}, strategy: 'a:B'}\n", "quoting[1].match", "is never used: quoting[0]"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_rejected(text: str, where: str, why: str) -> None:
    found = only(MINIMAL + text)
    assert f": {where}: " in found
    assert why in found


def test_cancels_may_not_take_all_requests() -> None:
    text = "environment: local\nexchange: {base_url: 'http://127.0.0.1/x', requests_per_second: 8}"
    assert only(text).startswith(
        "f.yaml:2: exchange.cancel_reserve: expected less than requests_per_second (8), found 8"
    )


@pytest.mark.parametrize("rate", [45, 46])
def test_not_all_that_the_exchange_allows_may_be_the_engines(rate: int) -> None:
    text = f"environment: local\nexchange: {{base_url: 'http://127.0.0.1/x', requests_per_second: {rate}}}"
    if rate == 45:
        exchange = loads(text).exchange
        Limiter(exchange.requests_per_second, exchange.cancel_reserve)
    else:
        assert only(text) == (
            "f.yaml:2: exchange.requests_per_second: expected a whole number, at least 2 and at most 45, found 46"
        )


def test_health_checks_must_be_able_to_keep_a_real_feed_alive() -> None:
    assert "between two health checks" in only(SANDBOX + "guards: {feed_silence_s: 5}")
    assert loads(MINIMAL + "guards: {feed_silence_s: 0.5}").guards.feed_silence_s == 0.5


def test_a_rule_behind_a_narrower_one_is_fine() -> None:
    rules = "quoting:\n  - {match: {tournament: [1], hours_to_start: [0, 2]}, strategy: 'a:B'}\n"
    rules += "  - {match: {tournament: [1]}, strategy: 'a:B'}\n  - {match: {tournament: [1, 2]}, strategy: 'a:B'}\n"
    assert len(loads(MINIMAL + rules).quoting) == 3


def test_a_problem_does_not_hide_behind_one_of_another_section_nor_cause_a_second() -> None:
    found = problems(
        "environment: nowhere\nexchange: {base_url: 'https://cash.api.prophetx.co/partner'}\nlimits: {soft: x}"
    )
    assert len(found) == 2, found
    assert "environment" in found[0]
    assert "limits.soft" in found[1]


# --- whose host -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ("local", "http://127.0.0.1:9000/partner"),
        ("local", "http://localhost/partner"),
        ("local", "http://[::1]:9000/partner"),
        ("sandbox", "https://api.sandbox.prophetx.dev/partner"),
        ("production", "https://cash.api.prophetx.co/partner"),
    ],
)
def test_each_environment_takes_its_own_host(environment: str, url: str) -> None:
    assert loads(f"environment: {environment}\nexchange: {{base_url: '{url}'}}").exchange.base_url == url


@pytest.mark.parametrize(
    ("environment", "url", "why"),
    [
        ("sandbox", "https://cash.api.prophetx.co/partner", "is a host of ProphetX's production"),
        ("production", "https://api.sandbox.prophetx.dev/partner", "is a host of ProphetX's sandbox"),
        ("production", "https://cash.api.prophetx.co.evil.example/partner", "is an unknown host"),
        ("production", "https://127.0.0.1/partner", "is a host on this machine"),
        ("local", "https://cash.api.prophetx.co/partner", "is a host of ProphetX's production"),
        ("local", "https://10.0.0.7/partner", "is an unknown host"),
        ("sandbox", "http://api.sandbox.prophetx.dev/partner", "expected https"),
        ("local", "http://127.0.0.1.evil.example/partner", "expected https"),
        ("local", "ftp://127.0.0.1/partner", "expected https"),
        ("local", "127.0.0.1:9000/partner", "expected a URL"),
        ("local", "http://127.0.0.1:port/partner", "expected a URL"),
        ("sandbox", "https://api.sandbox.prophetx.dev/partner?x=1", "without user, password, query"),
    ],
)
def test_no_environment_takes_the_host_of_another(environment: str, url: str, why: str) -> None:
    found = only(f"environment: {environment}\nexchange: {{base_url: '{url}'}}")
    assert found.startswith("f.yaml:2: exchange.base_url: ")
    assert why in found


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ws://ws.sandbox.prophetx.dev", "expected wss"),
        ("wss://cash.api.prophetx.co", "is a host of ProphetX's production"),
        ("ws://127.0.0.1:9000", "is a host on this machine"),
        ("https://api.sandbox.prophetx.dev", "expected wss"),
        ("nonsense", "expected null or a URL"),
    ],
)
def test_the_feed_of_another_environment_is_rejected(url: str, why: str) -> None:
    text = f"environment: sandbox\nexchange: {{base_url: 'https://api.sandbox.prophetx.dev/partner', ws_url: '{url}'}}"
    assert why in only(text)


def test_a_feed_of_a_hosted_pusher_is_taken_but_not_by_a_local_exchange() -> None:
    url = "wss://ws-mt1.pusher.com"
    text = f"environment: sandbox\nexchange: {{base_url: 'https://api.sandbox.prophetx.dev/partner', ws_url: '{url}'}}"
    assert loads(text).exchange.ws_url == url
    assert "is an unknown host" in only(
        f"environment: local\nexchange: {{base_url: 'http://127.0.0.1/partner', ws_url: '{url}'}}"
    )


@pytest.mark.parametrize("rate", [1, 60])
def test_a_clock_of_its_own_is_for_a_local_exchange_only(rate: int) -> None:
    clock = f"clock: {{anchor_ns: 1, epoch_ns: 2, rate: {rate}}}"
    local = loads(f"environment: local\nexchange: {{base_url: 'http://127.0.0.1/partner', {clock}}}")
    assert local.exchange.clock is not None
    assert local.exchange.clock.rate == rate
    text = f"environment: sandbox\nexchange: {{base_url: 'https://api.sandbox.prophetx.dev/partner', {clock}}}"
    assert only(text).startswith("f.yaml:2: exchange.clock: only a local exchange on this machine")


# --- anything ----------------------------------------------------------------------------------------------------

_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2000), st.floats(allow_nan=False),
    st.text("abc:/_.0123456789", max_size=9),
)  # fmt: skip
_KEYS = st.sampled_from(
    ["environment", "exchange", "quoting", "limits", "guards", "base_url", "match", "strategy", "params", "line",
     "soft", "hours_to_start", "telemetry", "port", "clock", "rate", "nonsense"]
)  # fmt: skip
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(_KEYS, _TREES, max_size=6))
def test_whatever_a_file_holds_it_is_read_or_rejected_with_places(values: dict[str, object]) -> None:
    outcome = _read(json.dumps(values))
    if not isinstance(outcome, Config):
        assert outcome
        assert all(problem.place.startswith("f.yaml") for problem in outcome)


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_that_is_no_settings_is_rejected_with_places(text: str) -> None:
    outcome = _read(text)
    assert not isinstance(outcome, Config)
    assert all(problem.place.startswith("f.yaml") for problem in outcome)


def _read(text: str) -> Config | tuple[Problem, ...]:
    try:
        return loads(text, "f.yaml")
    except ConfigError as error:
        return error.problems


def test_a_time_zone_that_does_not_exist_is_rejected() -> None:
    assert only(MINIMAL + "journal: {time_zone: Amerca/New_York}").startswith(
        "f.yaml:3: journal.time_zone: there is no time zone 'Amerca/New_York'"
    )
    assert loads(MINIMAL + "journal: {time_zone: America/New_York}").journal.time_zone == "America/New_York"


@pytest.mark.parametrize("escape", ["\\ud800", "\\0"])
def test_a_text_that_no_path_and_no_output_can_hold_is_rejected(escape: str) -> None:
    found = only(MINIMAL + f'state_dir: "a{escape}b"\n')
    assert found.startswith("f.yaml:3: state_dir: expected text without the character NUL")
    found.encode()


def test_a_key_that_no_output_can_hold_is_rejected() -> None:
    found = only(MINIMAL + '"a\\ud800b": 1\n')
    assert found.startswith("f.yaml:3: expected text without")
    found.encode()


def test_very_many_rules_are_rejected_in_a_moment() -> None:
    began = time.process_time()
    found = only(MINIMAL + "quoting:\n" + "- {}\n" * 20_000)
    assert found.startswith("f.yaml:3: quoting: expected a list of at most 500 ")
    assert found.endswith("found a list of 20000")
    assert time.process_time() - began < 30
