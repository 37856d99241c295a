"""Loads strategies by their names. For ``mmbot check``, this module checks settings and strategies together, without
the network.

The setting ``strategy: "module:Class"`` names a class with a method ``quote(view, state)``. If the class has a msgspec
Struct named ``Params``, the settings under ``params:`` are converted to a ``Params`` and given to the constructor. If
the class has no ``Params``, it is constructed without arguments, and the rule must not have settings under ``params:``.

The module may be installed or lie in the base folder. A package may have modules in both places. For example,
``strategies/mine.py`` in the base folder works next to the shipped ``strategies/fair_value.py``.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any, Final, cast

import msgspec

from mmbot.config import Config, ConfigError, Problem, read
from mmbot.config.places import state_dir
from mmbot.config.problems import Path, shown_path
from mmbot.config.sense import doubtful, is_class_name
from mmbot.config.suggestions import nearest
from mmbot.config.validation import convert, found, mismatches
from mmbot.strategy.interface import Strategy, depth_of

_RAISED: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""The exceptions of a strategy that are reported as a problem of the settings. Any other exception ends the start-up
with a traceback."""

_Place = Callable[[Path], str]


class _Unusable(Exception):
    """Raised if the strategy of a rule cannot be used. It holds the path of the setting, and the reason."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def load(config: Config, base: FilePath) -> tuple[Strategy, ...]:
    """Return a new strategy object for each quoting rule, in the order of the rules.

    Raises:
        ConfigError: if a strategy or its ``params:`` are wrong. The error lists all problems.
    """
    rules = [(rule.strategy, rule.params) for rule in config.quoting]
    strategies, problems = _load_all(rules, base, shown_path)
    if problems:
        raise ConfigError(problems)
    return strategies


def open_config(path: FilePath | str, base: FilePath | None = None) -> tuple[Config, tuple[Strategy, ...]]:
    """Return the settings in a file, and the strategies that the settings name. ``base`` is the folder in which modules
    of strategies are searched. By default, this is the working folder.

    Raises:
        ConfigError: if settings or strategies are wrong. The error lists all problems, each with its line in the file.
    """
    reading = read(path)
    values = reading.document.values.get("quoting")
    strategies, problems = _load_all(_plain_rules(values), base or FilePath.cwd(), reading.document.place)
    if reading.config is None or problems:
        raise ConfigError([*reading.problems, *problems])
    return reading.config, strategies


def check(path: FilePath | str, base: FilePath | None = None) -> tuple[list[str], int]:
    """Return what ``mmbot check`` prints for a file, and the exit code. The exit code is 0 if the file is valid, and 2
    if the file is not valid.

    For a valid file, the output names the state directory and every setting that is allowed but is probably a mistake.
    """
    try:
        config, _ = open_config(path, base)
    except ConfigError as error:
        return [str(problem) for problem in error.problems], 2
    place = read(path).document.place
    notes = [f"note: {place(slip.path)}: {slip.message}" for slip in doubtful(config)]
    return [f"{path}: valid", f"state directory: {state_dir(config, FilePath(path))}", *notes], 0


def _plain_rules(values: Any) -> list[tuple[str, dict[str, Any]] | None]:
    """Return the strategy name and the params of each rule in a file. If the name or the params of a rule are wrong,
    None stands in the place of both. Another check reports these mistakes."""
    rules: list[tuple[str, dict[str, Any]] | None] = []
    for rule in values if isinstance(values, list) else []:
        name = rule.get("strategy") if isinstance(rule, dict) else None
        params = rule.get("params", {}) if isinstance(rule, dict) else None
        usable = isinstance(name, str) and is_class_name(name) and isinstance(params, dict)
        rules.append((cast(str, name), cast("dict[str, Any]", params)) if usable else None)
    return rules


def _load_all(
    rules: list[tuple[str, dict[str, Any]] | None] | list[tuple[str, dict[str, Any]]], base: FilePath, place: _Place
) -> tuple[tuple[Strategy, ...], list[Problem]]:
    strategies: list[Strategy] = []
    problems: list[Problem] = []
    for number, rule in enumerate(rules):
        if rule is None:
            continue
        try:
            cls = _class(rule[0], base, ("quoting", number, "strategy"))
            strategies.append(_build(cls, rule[1], ("quoting", number), place, problems))
        except _Unusable as unusable:
            problems.append(Problem(place(unusable.path), unusable.message))
        except ConfigError as error:
            problems.extend(error.problems)
    return tuple(strategies), problems


def _class(name: str, base: FilePath, path: Path) -> type[Any]:
    module_name, _, class_name = name.partition(":")
    if not is_class_name(name):
        raise _Unusable(path, f"expected module:Class, found {found(name)}")
    module = _module(module_name, base.resolve(), path)
    cls = getattr(module, class_name, None)
    if cls is None:
        classes = [key for key, value in vars(module).items() if isinstance(value, type) and hasattr(value, "quote")]
        raise _Unusable(path, f"module '{module_name}' has no class '{class_name}'{nearest(class_name, classes)}")
    if not isinstance(cls, type):
        raise _Unusable(path, f"'{name}' is no class")
    method = getattr(cls, "quote", None)
    if not callable(method):
        raise _Unusable(path, f"'{name}' is no strategy: it has no method quote(view, state)")
    if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method):
        raise _Unusable(path, f"quote of '{name}' has to be a plain function: no async, no yield")
    return cls


def _module(name: str, base: FilePath, path: Path) -> ModuleType:
    # At the end of the path, so that a user's file does not replace a module that the daemon needs.
    if str(base) not in sys.path:
        sys.path.append(str(base))
    importlib.invalidate_caches()
    try:
        package, _, below = name.partition(".")
        if below:
            _join(importlib.import_module(package), base / package)
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(missing + "."):
            raise _Unusable(path, f"there is no module '{missing}', neither installed nor in {base}") from error
        raise _Unusable(path, f"module '{name}' needs '{missing}', which is not installed{_where(error)}") from error
    except _RAISED as error:
        raise _Unusable(path, f"module '{name}' cannot be imported: {_what(error)}{_where(error)}") from error
    wanted = base.joinpath(*name.split(".")).with_suffix(".py")
    if wanted.is_file() and module.__file__ and not wanted.samefile(module.__file__):
        message = f"'{name}' is the name of another module ({module.__file__}); rename {wanted}"
        raise _Unusable(path, message)
    return module


def _join(package: ModuleType, folder: FilePath) -> None:
    """Make the modules in the user's folder importable as part of an installed package with the same name."""
    places = getattr(package, "__path__", None)
    if places is not None and folder.is_dir() and str(folder) not in list(places):
        places.append(str(folder))


def _build(cls: type[Any], params: dict[str, Any], rule: Path, place: _Place, problems: list[Problem]) -> Strategy:
    shape = getattr(cls, "Params", None)
    here = (*rule, "params")
    arguments: tuple[Any, ...] = ()
    if shape is None:
        if params:
            raise _Unusable(here, f"'{cls.__name__}' takes no params; remove them, or give the class a Params Struct")
    elif not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        raise _Unusable((*rule, "strategy"), f"Params of '{cls.__name__}' has to be a msgspec.Struct")
    else:
        try:
            wrong = mismatches(shape, params, here)
            if wrong:
                raise ConfigError([Problem(place(one.path), one.message) for one in wrong])
            arguments = (convert(shape, params),)
        except ConfigError:
            raise
        except _RAISED as error:
            raise _Unusable(here, str(error)) from error
    try:
        strategy = cls(*arguments)
        inspect.signature(strategy.quote).bind(None, None)
    except _RAISED as error:
        raise _Unusable(
            (*rule, "strategy"), f"'{cls.__name__}' cannot be made: {_what(error)}{_where(error)}"
        ) from error
    depth = depth_of(strategy)
    if depth is not None and (type(depth) is not int or depth < 1):
        wanted = "expected a whole number of levels, 1 or more, or none for all"
        raise _Unusable((*rule, "strategy"), f"book_depth of '{cls.__name__}' is {depth!r}: {wanted}")
    return cast(Strategy, strategy)


def _what(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _where(error: BaseException) -> str:
    """Return the place in the strategy's code at which an error arose, as text with file and line. The text is empty if
    this place is not known."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}:{error.lineno})"
    for filename, line in reversed(list(_frames(error))):
        return f" ({filename}:{line})"
    return ""


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        filename = frame.f_code.co_filename
        if filename != __file__ and not filename.startswith("<") and not filename.startswith(importlib.__path__[0]):
            yield filename, line
