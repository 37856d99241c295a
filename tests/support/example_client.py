"""A client as the exchange's documents tell one to write it: plain requests, and pysher for the feed.

It shares no code with the bot, so that a mistake in either shows. It is a program of its own:
``example_client.py BASE_URL ACCESS_KEY SECRET_KEY`` walks through everything once, writes a line of JSON for each step,
and ends with 0. It reads again whatever it can read twice.
"""

from __future__ import annotations

import base64
import calendar
import json
import queue
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pysher

PATIENCE_S = 20.0
MARKETS = ("moneyline", "spread", "total")


class Gone(Exception):
    """Raised if an answer or message that the documents promise does not come."""


class Rest:
    """The REST interface: a log-in, and the session's token on every request after it."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.tokens: dict[str, Any] = {}

    def ask(self, method: str, path: str, body: object = None, **query: object) -> tuple[int, Any]:
        """Status and decoded body, whatever the status; after a 429 once more, and later each time."""
        wait = 0.05
        while True:
            status, answer = self._ask(method, path, body, **query)
            if status != 429 or wait > PATIENCE_S:
                return status, answer
            time.sleep(wait)
            wait *= 2

    def _ask(self, method: str, path: str, body: object, **query: object) -> tuple[int, Any]:
        url = f"{self.base_url}/{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/json"}
        if "access_token" in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, headers, method=method)
        try:
            with urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def get(self, path: str, **query: object) -> Any:
        """Return the value of ``data``."""
        status, body = self.ask("GET", path, **query)
        if status != 200:
            raise Gone(f"GET {path}: {status} {body}")
        return body["data"]

    def post(self, path: str, body: object = None) -> Any:
        """The same of a POST."""
        status, answer = self.ask("POST", path, {} if body is None else body)
        if status != 200:
            raise Gone(f"POST {path}: {status} {answer}")
        return answer["data"]

    def log_in(self, access_key: str, secret_key: str) -> Mapping[str, Any]:
        """A new session."""
        self.tokens = dict(self.post("auth/login", {"access_key": access_key, "secret_key": secret_key}))
        return self.tokens

    def refresh(self) -> Mapping[str, Any]:
        """A new access token of the same session."""
        renewed = self.post("auth/refresh", {"refresh_token": self.tokens["refresh_token"]})
        self.tokens |= renewed
        return dict(renewed)


class Feed:
    """The websocket: registered when it is connected, then both channels with what they bring."""

    def __init__(self, rest: Rest, tournaments: list[int]) -> None:
        status, config = rest.ask("GET", "websocket/connection-config")
        if status != 200:
            raise Gone(f"connection-config: {status} {config}")
        host, _, port = config["ws_host"].partition(":")
        self.rest = rest
        self.tournaments = tournaments
        self.registration: Any = None
        self.messages: queue.Queue[tuple[str, str, dict[str, Any]]] = queue.Queue()
        self.seen: list[tuple[str, str, dict[str, Any]]] = []
        self.subscribed: list[str] = []
        self.failure: str | None = None
        self.pusher = pysher.Pusher(key=config["key"], custom_host=host, port=int(port), secure=False, auto_sub=True)
        self.pusher.connection.bind("pusher:connection_established", self._connected)
        self.pusher.connection.bind("pusher_internal:subscription_succeeded", lambda _data: None)
        self.pusher.connect()

    def _connected(self, data: str) -> None:
        socket_id = json.loads(data)["socket_id"]
        wanted = {"type": "tournament", "ids": [str(number) for number in self.tournaments]}
        try:
            self.registration = self.rest.post("mm/pusher", {"socket_id": socket_id, "subscriptions": [wanted]})
            for offered in self.registration["authorized_channel"]:
                channel = self.pusher.subscribe(offered["channel_name"], auth=offered["auth"])
                channel.bind("pusher_internal:subscription_succeeded", self._subscribed, offered["channel_name"])
                for event in offered["binding_events"]:
                    channel.bind(event["name"], self._message, offered["channel_name"])
        except (Gone, KeyError, OSError) as bad:
            self.failure = f"registration: {bad!r}"

    def _subscribed(self, data: object, channel: str) -> None:
        self.subscribed.append(channel)

    def _message(self, data: str, channel: str) -> None:
        envelope = json.loads(data)
        payload = json.loads(base64.b64decode(envelope["payload"]))
        self.messages.put((channel, envelope["change_type"], payload))

    def wait(self, what: str, wanted: Callable[[str, str, dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message of which something holds, those that were looked at before included."""
        deadline = time.monotonic() + PATIENCE_S
        for message in self.seen:
            if wanted(*message):
                return message[2]
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self.messages.get(timeout=min(left, 0.2))
            except queue.Empty:
                if self.failure is not None:
                    raise Gone(self.failure) from None
                continue
            self.seen.append(message)
            if wanted(*message):
                return message[2]
        raise Gone(f"{what} did not come")

    def wager(self, external_id: str, **members: object) -> dict[str, Any]:
        """The private message about a wager that has these members."""

        def wanted(_channel: str, kind: str, payload: dict[str, Any]) -> bool:
            info = payload.get("info", {})
            return kind == "wager" and {"external_id": external_id, **members}.items() <= info.items()

        return dict(self.wait(f"{external_id} {members}", wanted)["info"])


def nanoseconds(text: str) -> int:
    """An ISO instant with up to nine decimals."""
    whole, _, decimals = text.removesuffix("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 10**9 + int(decimals.ljust(9, "0"))


def until(what: str, look: Callable[[], Any]) -> Any:
    """Return the result of ``look`` once it is true."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise Gone(what)


class Walk:
    """The steps, each of which says what it saw."""

    def __init__(self, base_url: str, access_key: str, secret_key: str) -> None:
        self.rest = Rest(base_url)
        self.keys = (access_key, secret_key)
        self.lines: list[tuple[dict[str, int], list[list[dict[str, Any]]]]] = []
        self.ladder: list[int] = []
        self.tournaments: list[int] = []

    def say(self, step: str, **saw: object) -> None:
        sys.stdout.write(json.dumps({"step": step, **saw}) + "\n")
        sys.stdout.flush()

    def go(self) -> None:
        self.session()
        self.seed()
        feed = self.connect()
        self.single(feed)
        self.batch(feed)
        self.matched(feed)
        self.cancel_all(feed)
        self.book(feed)
        self.history(feed)
        self.say("end")

    def session(self) -> None:
        wrong, body = Rest(self.rest.base_url).ask("GET", "mm/get_balance")
        tokens = dict(self.rest.log_in(*self.keys))
        life = tokens["access_expire_time"] - time.time()
        refreshed = self.rest.refresh()
        self.say(
            "session",
            unauthorised=[wrong, body["error"]],
            members=sorted(tokens),
            life_s=life,
            refreshed=sorted(refreshed),
        )

    def seed(self) -> None:
        balance = self.rest.get("mm/get_balance")
        self.ladder = self.rest.get("mm/get_odds_ladder")
        tournaments = self.rest.get("mm/get_tournaments", has_active_events="true")["tournaments"]
        self.tournaments = [tournament["id"] for tournament in tournaments]
        self.read_lines()
        sport_events = {where["sport_event"] for where, _ in self.lines}
        self.say("seed", balance=balance, ticks=len(self.ladder), sport_events=len(sport_events), lines=len(self.lines))

    def read_lines(self) -> None:
        """Sport events by tournament, and the lines of their markets with what is offered on each outcome."""
        sport_events = []
        for tournament in self.tournaments:
            found = self.rest.get("mm/get_sport_events", tournament_id=tournament)["sport_events"]
            sport_events += [sport_event["event_id"] for sport_event in found if sport_event["status"] == "not_started"]
        by_sport_event = self.rest.get("v2/mm/get_multiple_markets", event_ids=",".join(map(str, sport_events)))
        self.lines = [
            ({"sport_event": sport_event, "market": market["id"]}, line["selections"])
            for sport_event in sport_events
            for market in by_sport_event[str(sport_event)] or ()
            if market["type"] in MARKETS
            for line in market.get("market_lines") or [market]
        ]

    def connect(self) -> Feed:
        feed = Feed(self.rest, self.tournaments)
        until("a registration", lambda: feed.registration or feed.failure)
        until("both channels", lambda: len(feed.subscribed) == 2 or feed.failure)
        if feed.failure is not None:
            raise Gone(feed.failure)
        beat = feed.wait("a health check", lambda channel, kind, payload: kind == "private_system_signal")
        names = [
            [event["name"] for event in each["binding_events"]] for each in feed.registration["authorized_channel"]
        ]
        self.say("connect", channels=sorted(feed.subscribed), bound=names, beat=beat)
        return feed

    def shown(self) -> dict[str, Any]:
        """An outcome as it is offered now, on a line that has a price for both."""

        def look() -> dict[str, Any] | None:
            self.read_lines()
            for _, (first, second) in self.lines:
                if first[0]["odds"] is not None and second[0]["odds"] is not None:
                    return dict(first[0])
            return None

        return dict(until("a line with two prices", look))

    def far(self, ticks: int = 40) -> dict[str, Any]:
        """A wager that rests: on an outcome at a much longer price than is offered on it."""
        offered = self.shown()
        place = self.ladder.index(offered["odds"])
        return {
            "external_id": f"example-{uuid.uuid4()}",
            "line_id": offered["line_id"],
            "odds": self.ladder[min(place + ticks, len(self.ladder) - 1)],
            "stake": 10.0,
        }

    def single(self, feed: Feed) -> None:
        wager = self.far()
        placed = self.rest.post("mm/place_wager", wager)["wager"]
        opened = feed.wager(wager["external_id"], status="open")
        asked = self.rest.get(f"mm/get_wager/{placed['id']}")
        again = self.rest.ask("POST", "mm/place_wager", wager)
        off = self.rest.ask("POST", "mm/place_wager", {**self.far(), "odds": 99})
        wrong = {"wager_id": placed["id"], "external_id": "another"}
        mismatch = self.rest.ask("POST", "mm/cancel_wager", wrong)
        self.rest.post("mm/cancel_wager", {"wager_id": placed["id"], "external_id": wager["external_id"]})
        gone = feed.wager(wager["external_id"], status="canceled")
        twice = self.rest.ask(
            "POST", "mm/cancel_wager", {"wager_id": placed["id"], "external_id": wager["external_id"]}
        )
        self.say(
            "single",
            placed=placed,
            opened=opened,
            asked=asked,
            canceled=gone,
            repeated=[again[0], again[1]["error"]],
            off_ladder=[off[0], off[1]["error"]],
            mismatch=[mismatch[0], mismatch[1]["error"]],
            cancelled_twice=[twice[0], twice[1]["error"]],
        )

    def batch(self, feed: Feed) -> None:
        wagers = [{**self.far(), "stake": 5.0 + number} for number in range(3)]
        wagers.append({**self.far(), "odds": 99})
        answer = self.rest.post("mm/place_multiple_wagers", {"data": wagers})
        for wager in wagers[:3]:
            feed.wager(wager["external_id"], status="open")
        ids = {wager["external_id"]: wager["id"] for wager in answer["succeed_wagers"]}
        named = [{"wager_id": wager_id, "external_id": external_id} for external_id, wager_id in ids.items()]
        cancelled = self.rest.post("mm/cancel_multiple_wagers", {"data": named[:2]})
        for wager in wagers[:2]:
            feed.wager(wager["external_id"], status="canceled")
        too_many = self.rest.ask("POST", "mm/place_multiple_wagers", {"data": [self.far()] * 21})
        self.say(
            "batch",
            placed=[wager["external_id"] for wager in answer["succeed_wagers"]],
            asked=[wager["external_id"] for wager in wagers],
            failed=answer["failed_wagers"],
            cancelled=cancelled,
            too_many=[too_many[0], too_many[1]["error"]],
        )

    def matched(self, feed: Feed) -> None:
        """Take what is offered, and rest with what is left: matched in part. Then cancel."""
        before = self.rest.get("mm/get_balance")
        offered = self.shown()
        odds = self.ladder[self.ladder.index(offered["odds"]) - 4]
        wager = {
            "external_id": f"example-{uuid.uuid4()}",
            "line_id": offered["line_id"],
            "odds": odds,
            "stake": 3_000.0,
        }
        placed = self.rest.post("mm/place_wager", wager)["wager"]
        match = feed.wager(wager["external_id"], update_type="matching")
        printed = feed.wait(
            "a print of it",
            lambda channel, kind, payload: kind == "matched_bet" and payload["info"]["line_id"] == wager["line_id"],
        )
        self.rest.post("mm/cancel_wager", {"wager_id": placed["id"], "external_id": wager["external_id"]})
        left = feed.wager(wager["external_id"], update_type="status", matching_status="fully_matched")
        detail = self.rest.get("mm/get_wager_matching_detail", wager_ids=placed["id"])["matching_details"]
        bets = self.rest.get(
            "mm/get_matched_bets", **{"from": int(time.time()) - 86_400, "to": int(time.time()) + 86_400}
        )
        self.say(
            "matched",
            odds=odds,
            match=match,
            printed=printed["info"],
            left=left,
            detail=detail,
            bets=len(bets["matched_bets"]),
            balances=[before["balance"], self.rest.get("mm/get_balance")["balance"]],
        )

    def cancel_all(self, feed: Feed) -> None:
        wagers = [self.far(30 + 3 * number) for number in range(3)]
        self.rest.post("mm/place_multiple_wagers", {"data": wagers})
        for wager in wagers:
            feed.wager(wager["external_id"], status="open")
        done = self.rest.post("mm/cancel_all_wagers")
        for wager in wagers:
            feed.wager(wager["external_id"], status="canceled")
        nothing = self.rest.ask("POST", "mm/cancel_all_wagers", {})
        self.say("cancel_all", done=done, nothing=[nothing[0], nothing[1]["error"]])

    def book(self, feed: Feed) -> None:
        """A line's book from its latest message is the one that a read shows."""
        books: dict[tuple[int, int, float], Any] = {}

        def agreed() -> bool:
            while not feed.messages.empty():  # nobody else takes from it
                feed.seen.append(feed.messages.get())
            for _, kind, payload in feed.seen:
                if kind == "market_selections":
                    info = payload["info"]
                    books[payload["sport_event_id"], payload["market_id"], info["line"]] = info["selections"]
            self.read_lines()
            same = 0
            for where, selections in self.lines:
                key = (where["sport_event"], where["market"], selections[0][0]["line"])
                same += key in books and books[key] == selections
            return same >= 2

        until("two books that agree", agreed)
        self.say("book", lines=len(books))

    def history(self, feed: Feed) -> None:
        """The history as it is once it has caught up with the last private message."""
        told = max(payload["info"]["sequence_number"] for _, kind, payload in feed.seen if kind == "wager")
        now = int(time.time())

        def caught_up() -> Any:
            status, body = self.rest.ask(
                "GET", "v2/mm/get_wager_histories", **{"from": now - 86_400, "to": now + 86_400, "limit": 100}
            )
            return body if status == 200 and nanoseconds(body["last_synced_at"]) > told else None

        body = until("a history that has caught up", caught_up)
        lines = self.rest.get("v2/mm/get_transactions", limit=100)["transactions"]
        self.say(
            "history",
            statuses={wager["external_id"]: wager["status"] for wager in body["data"]["wagers"]},
            transactions=sorted({line["transaction_type"] for line in lines}),
        )


if __name__ == "__main__":
    Walk(*sys.argv[1:4]).go()
