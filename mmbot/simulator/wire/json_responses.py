"""The form of the local exchange's HTTP answers. Results are wrapped in ``data``. Errors have another form
(docs/protocol.md 3)."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from aiohttp import web

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.simulator.venue.error_table import Rejection

Json = Mapping[str, object] | list[object]


def json_response(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer whose body is ``body`` as JSON."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)


def data_response(value: object, *, last_synced_at: str | None = None) -> web.Response:
    """Return a successful answer of the form ``{"data": ...}``. If ``last_synced_at`` is given, it is added next to
    ``data``."""
    body: dict[str, object] = {"data": value}
    if last_synced_at is not None:
        body["last_synced_at"] = last_synced_at
    return json_response(body)


def error_response(rejection: Rejection, now: Instant) -> web.Response:
    """Return an error answer of the form ``{"error": code, "message": text}``.

    A 429 also says when the client may try again. The header ``Retry-After`` has the seconds until this time.
    ``details.next_allow_at`` is the time itself in unix milliseconds (docs/protocol.md 11).
    """
    body: dict[str, object] = {"error": rejection.code, "message": rejection.message}
    if rejection.retry_at is None:
        return json_response(body, rejection.status)
    body["details"] = {"next_allow_at": -(-rejection.retry_at // MILLISECOND)}
    wait = max(1, -(-(rejection.retry_at - now) // SECOND))
    return json_response(body, rejection.status, {"Retry-After": str(wait)})
