"""Writes rows of the journal as text, CSV or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from mmbot.operate.tables import Value


class ExportError(Exception):
    """Raised if a file cannot be written. The message says what to do."""


def as_text(columns: Sequence[str], rows: Iterable[Sequence[Value]], out: TextIO) -> None:
    """Write rows as a table with aligned columns."""
    shown = [[column.removeprefix("$") for column in columns]]
    shown += [[_text(column, value) for column, value in zip(columns, row, strict=True)] for row in rows]
    widths = [max(len(row[place]) for row in shown) for place in range(len(columns))]
    for row in shown:
        out.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Value]], file: Path) -> int:
    """Write rows to a CSV file, and return the number of rows. Raises ExportError if the file cannot be written."""
    number = 0
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow([column.removeprefix("$") for column in columns])
            for row in rows:
                writer.writerow([_text(column, value) for column, value in zip(columns, row, strict=True)])
                number += 1
    except OSError as bad:
        raise ExportError(f"{file} cannot be written: {bad.strerror}") from bad
    return number


def as_parquet(columns: Sequence[str], rows: Iterable[Sequence[Value]], file: Path) -> int:
    """Write rows to a Parquet file, and return the number of rows.

    Raises:
        ExportError: if polars is not installed, or the file cannot be written.
    """
    try:
        import polars  # type: ignore[import-not-found,unused-ignore]
    except ImportError as bad:
        raise ExportError("Parquet needs polars: pip install 'mmbot[research]'") from bad
    names = [column.removeprefix("$") for column in columns]
    frame = polars.DataFrame(list(rows), schema=names, orient="row", infer_schema_length=None, strict=False)
    try:
        frame.write_parquet(file)
    except OSError as bad:
        raise ExportError(f"{file} cannot be written: {bad}") from bad
    return len(frame)


def _text(column: str, value: Value) -> str:
    if value is None:
        return ""
    if column.startswith("$") and isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
