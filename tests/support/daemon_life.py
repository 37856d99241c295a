"""One life of the daemon inside the test's own process, with a scripted engine."""

import asyncio
import io
import json

from scripted_daemon import KEYS, HeldClient, HeldWire, ScriptedEngine, settings, until

from mmbot.daemon.run import run


class Life:
    """A daemon in this process."""

    def __init__(self, directory, client=None, environ=KEYS, **changes):
        self.out, self.client = io.StringIO(), client or HeldClient()
        self.wire = HeldWire(self.client)
        self.engine = None
        self.opened = False
        self.task = asyncio.create_task(
            run(settings(**changes), (), directory, self.open, self.make, environ=environ, out=self.out)
        )

    async def open(self, surroundings):
        self.opened, self.around = True, surroundings
        return self.wire

    def make(self, *given):
        self.engine = ScriptedEngine(*given)
        return self.engine

    async def up(self):
        await until(lambda: self.engine is not None and self.engine.heard)

    async def ended(self):
        async with asyncio.timeout(10):
            return await self.task

    def logged(self):
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def events(self):
        return [line["event"] for line in self.logged()]
