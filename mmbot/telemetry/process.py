"""What the operating system says about this process: its memory, its open descriptors and its threads."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

_STATM: Final = "/proc/self/statm"
_DESCRIPTORS: Final = "/proc/self/fd"


def families(tasks: Callable[[], int]) -> Iterator[Metric]:
    """Yield the metrics of this process. ``tasks`` returns the number of tasks of the event loop. On a system without
    ``/proc``, memory and descriptors are left out."""
    with contextlib.suppress(OSError):
        with open(_STATM) as file:
            pages = int(file.read().split()[1])
        yield _gauge(
            "mmbot_resident_memory_bytes", "Resident memory of the daemon.", pages * os.sysconf("SC_PAGE_SIZE")
        )
    with contextlib.suppress(OSError):
        # one of them is the look itself
        yield _gauge(
            "mmbot_open_descriptors", "Open files and sockets of the daemon.", len(os.listdir(_DESCRIPTORS)) - 1
        )
    yield _gauge("mmbot_threads", "Threads of the daemon.", threading.active_count())
    yield _gauge("mmbot_tasks", "Tasks of the daemon's event loop.", tasks())


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))
