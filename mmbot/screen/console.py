"""The console of the live view and of the demo. It writes text to a terminal or a file."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, so that the caller can stop in an orderly way. The library rich would end the process
        with the exit code 1."""
        raise BrokenPipeError


def console_on(out: TextIO | None = None) -> Console:
    """Return a console that writes to ``out``, or to standard output if it is None.

    If the reader of the output has ended, the console's methods raise ``BrokenPipeError``.
    """
    return _Console(file=out, highlight=False, soft_wrap=True)
