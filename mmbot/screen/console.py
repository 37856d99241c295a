"""The console of the live view and of the demo: text for a terminal or a file."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the caller end in order, where rich would end the process with the exit code 1."""
        raise BrokenPipeError


def console_on(out: TextIO | None = None) -> Console:
    """Return a console that writes to ``out``, by default standard output.

    Its calls raise ``BrokenPipeError`` if the reader of the output has ended.
    """
    return _Console(file=out, highlight=False, soft_wrap=True)
