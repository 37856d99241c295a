"""Finds the place in the code at which a strategy raised an exception."""

from __future__ import annotations


def place_of(raised: BaseException) -> str:
    """Return the innermost file and line of code in which an exception was raised."""
    trace = raised.__traceback__
    place = "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
