"""Finds sockets, other descriptors, threads and tasks that a connection left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import threading

from scripted_pusher import until


def descriptors() -> list[str]:
    """Return the open descriptors of this process."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue  # the descriptor of the listing itself
    return found


class Before:
    """How things stood; made inside a running loop."""

    def __init__(self) -> None:
        self.tasks = asyncio.all_tasks()
        self.threads = threading.enumerate()
        self.descriptors = len(descriptors())

    async def again(self) -> None:
        """Wait until no more is there than was; fails if that never comes."""
        gc.collect()  # what is only garbage is not left
        self.tasks |= {task for task in (asyncio.current_task(),) if task}
        await until(lambda: asyncio.all_tasks() <= self.tasks, f"no task is left: {asyncio.all_tasks() - self.tasks}")
        new = [thread.name for thread in threading.enumerate() if thread not in self.threads]
        await until(lambda: set(threading.enumerate()) <= set(self.threads), f"no thread is left: {new}")
        await until(lambda: len(descriptors()) <= self.descriptors, f"no descriptor is left: {descriptors()}")
