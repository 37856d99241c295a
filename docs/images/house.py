"""Draws docs/images/house.svg (the floor plan) and docs/images/run.svg (what runs, and what passes between the parts).

.venv/bin/python docs/images/house.py
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
FONT = "font-family='Helvetica, Arial, sans-serif'"
MONO = "font-family='Menlo, Consolas, monospace'"
INK, SOFT = "#1f2933", "#52606d"
SHELL, CORE, WORLD = "#e6f0fa", "#fdf0d5", "#eef1f4"

FLOORS = (
    (("cli.py", "the commands: arguments, and calls", SHELL),),
    (
        ("demo/", "a local exchange and a daemon, and a closing summary", SHELL),
        ("operate/", "journal and statement", SHELL),
    ),
    (("daemon/", "the asyncio shell: start, stop, signals, the pump, HTTP", SHELL),),
    (("screen/", "the status for a person: as text, and as the live terminal view", SHELL),),
    (("backtest/", "the engine in virtual time, over the simulator's world", SHELL),),
    (("simulator/", "a local ProphetX on the same wire, its crowds, faults and referee", SHELL),),
    (("exchange/", "ProphetX on the wire: session, REST, feed, errors; a folder for each dialect", SHELL),),
    (("net/", "HTTP, websockets, the Pusher protocol, back-off; knows no exchange", SHELL),),
    (("store/", "journal, latch, lock", SHELL), ("telemetry/", "logs and metrics", SHELL)),
    (("engine/", "the core: books, wagers, positions, limits, and what to send next", CORE),),
    (("strategy/", "what a strategy sees and returns; rules, loader, your own prices", CORE),),
    (("config/", "settings: read strictly, checked as a whole", CORE),),
    (("domain/", "odds, money, instants, books, lines, wagers: values and rules", CORE),),
)


class Box(NamedTuple):
    """A part, by its corner and size."""

    x: int
    y: int
    width: int
    height: int


def text(
    x: int, y: int, words: str, size: int = 13, *, colour: str = INK, font: str = FONT, anchor: str = "start"
) -> str:
    """A line of text."""
    return f"<text x='{x}' y='{y}' {font} font-size='{size}' fill='{colour}' text-anchor='{anchor}'>{words}</text>"


def drawn(box: Box, name: str, says: tuple[str, ...], fill: str) -> str:
    """A box with its name and what it does."""
    place = f"x='{box.x}' y='{box.y}' width='{box.width}' height='{box.height}'"
    edge = f"<rect {place} rx='5' fill='{fill}' stroke='{SOFT}'/>"
    lines = [text(box.x + 12, box.y + 23, name, 14, font=MONO)]
    lines += [text(box.x + 12, box.y + 42 + 16 * row, words, 12, colour=SOFT) for row, words in enumerate(says)]
    return edge + "".join(lines)


def arrow(
    x1: int, y1: int, x2: int, y2: int, words: str = "", dx: int = 0, dy: int = -6, anchor: str = "middle"
) -> str:
    """An arrow with what passes along it."""
    line = f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{INK}' stroke-width='1.4' marker-end='url(#tip)'/>"
    middle = ((x1 + x2) // 2 + dx, (y1 + y2) // 2 + dy)
    return line + text(*middle, words, 12, anchor=anchor)


def picture(name: str, width: int, height: int, title: str, parts: list[str]) -> None:
    """Write a picture."""
    tip = "<marker id='tip' markerWidth='9' markerHeight='8' refX='8' refY='4' orient='auto'>"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>"
    head += f"<title>{title}</title><defs>{tip}<path d='M0,0 L9,4 L0,8 z' fill='{INK}'/></marker></defs>"
    head += f"<rect width='{width}' height='{height}' fill='white'/>"
    (HERE / name).write_text("\n".join((head, *parts, "</svg>\n")))


def floor_plan() -> None:
    """The rooms, each above those that it may import."""
    parts: list[str] = []
    width, tall, gap = 640, 34, 6
    for storey, rooms in enumerate(FLOORS):
        y = 20 + storey * (tall + gap)
        each = (width - gap * (len(rooms) - 1)) // len(rooms)
        for place, (name, says, fill) in enumerate(rooms):
            x = 20 + place * (each + gap)
            parts.append(f"<rect x='{x}' y='{y}' width='{each}' height='{tall}' rx='4' fill='{fill}' stroke='{SOFT}'/>")
            parts.append(text(x + 12, y + 22, name, 14, font=MONO))
            parts.append(text(x + 118, y + 22, says, 12, colour=SOFT))
    bottom = 20 + len(FLOORS) * (tall + gap)
    parts.append(arrow(690, 24, 690, bottom - 8))
    parts.append(text(702, 110, "imports", 13))
    parts.append(text(702, 127, "point", 13))
    parts.append(text(702, 144, "down", 13))
    parts.append(text(702, 340, "no I/O, no clock", 12, colour=SOFT))
    parts.append(text(702, 356, "in engine/", 12, colour=SOFT))
    parts.append(text(702, 372, "and domain/", 12, colour=SOFT))
    picture("house.svg", 810, bottom + 12, "The floor plan: each room imports only what is below it", parts)


def what_runs() -> None:
    """The parts of a running daemon."""
    parts = [
        drawn(
            Box(20, 150, 210, 150),
            "engine/",
            ("plain and synchronous;", "one event in,", "the most urgent request out", "", "time is given to it"),
            CORE,
        ),
        drawn(Box(20, 370, 210, 76), "strategies/", ("pure: view and state in,", "decisions and state out"), CORE),
        drawn(
            Box(370, 150, 190, 150),
            "daemon/loop.py",
            (
                "the pump: drains events",
                "in bursts, sends what is",
                "due, sleeps to the deadline",
                "",
                "the only caller of the engine",
            ),
            SHELL,
        ),
        drawn(Box(700, 110, 200, 76), "exchange/feed.py", ("bytes to messages;", "reconnects with back-off"), SHELL),
        drawn(Box(700, 264, 200, 76), "exchange/rest.py", ("requests to bytes,", "answers back as events"), SHELL),
        drawn(Box(1010, 110, 120, 230), "ProphetX", ("or the local", "exchange"), WORLD),
        drawn(Box(370, 20, 190, 60), "operator", ("signals, mmbot kill, HTTP",), WORLD),
        drawn(Box(370, 386, 190, 60), "store/", ("journal, latch",), SHELL),
        drawn(Box(700, 386, 200, 60), "telemetry/", ("logs, metrics",), SHELL),
        arrow(1010, 140, 902, 140, "frames"),
        arrow(700, 160, 562, 190, "messages", dy=-10),
        arrow(370, 190, 232, 190, "handle(event, now)"),
        arrow(230, 235, 368, 235, "next_request(now)"),
        arrow(230, 280, 368, 280, "orders(), deadline()"),
        arrow(560, 250, 698, 282, "requests", dy=-8),
        arrow(700, 318, 562, 284, "answers", dy=22),
        arrow(900, 290, 1008, 290, "HTTP"),
        arrow(1010, 318, 902, 318),
        arrow(465, 80, 465, 148, "events", dx=8, dy=4, anchor="start"),
        arrow(90, 300, 90, 368, "view", dx=-8, dy=4, anchor="end"),
        arrow(140, 368, 140, 302, "decisions", dx=8, dy=4, anchor="start"),
        arrow(465, 300, 465, 384, "save, latch", dx=8, dy=4, anchor="start"),
        arrow(540, 300, 720, 384, "alerts", dx=20, dy=4, anchor="start"),
    ]
    picture("run.svg", 1150, 466, "What runs in the daemon, and what passes between the parts", parts)


if __name__ == "__main__":
    floor_plan()
    what_runs()
