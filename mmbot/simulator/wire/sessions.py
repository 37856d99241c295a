"""The log-ins of the local exchange. This module has the key pairs, the sessions, and the access tokens
(docs/protocol.md 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

import msgspec
import orjson

from mmbot.domain.instant import DAY, MINUTE, SECOND, Duration, Instant
from mmbot.simulator.venue.error_table import Rejection

SESSIONS: Final = 20
"""The greatest number of sessions that a key pair may have at the same time (docs/protocol.md 2)."""


class TokenSettings(msgspec.Struct, frozen=True):
    """How long tokens are valid after they are issued, in nanoseconds."""

    access_life: Duration = 20 * MINUTE
    refresh_life: Duration = 3 * DAY


class Tokens(msgspec.Struct, frozen=True):
    """The tokens of a session, each with its time of expiry."""

    access: str
    refresh: str
    access_expires: Instant
    refresh_expires: Instant


class _Claims(msgspec.Struct, frozen=True):
    sid: int
    jti: int
    exp: int


class _Session(msgspec.Struct):
    account: str
    key: str
    number: int
    refresh_expires: Instant
    valid_from: int = 0
    """The smallest serial number that a valid access token of the session can have. A fault can make this number
    larger, which ends the validity of older access tokens."""


class Sessions:
    """Key pairs and their sessions.

    An access token is signed and contains its time of expiry. A refresh keeps the session and its refresh token. A
    log-in opens a new session. A key pair may have at most 20 sessions.

    Args:
        signing_key: the key with which tokens are signed. With the same signing key, a run can be repeated exactly.
    """

    def __init__(self, signing_key: bytes, settings: TokenSettings | None = None) -> None:
        self._signing_key: Final = signing_key
        self.settings: Final = settings or TokenSettings()
        self._keys: Final[dict[str, tuple[str, str]]] = {}
        self._sessions: Final[dict[str, _Session]] = {}
        self._serial = 0

    def add_keys(self, access_key: str, secret_key: str, account: str) -> None:
        """Add a key pair of an account."""
        self._keys[access_key] = (secret_key, account)

    def account_of_key(self, access_key: str) -> str | None:
        """Return the account to which an access key belongs. None if the access key is unknown."""
        known = self._keys.get(access_key)
        return known[1] if known else None

    def account_of_refresh(self, refresh_token: str) -> str | None:
        """Return the account to which a refresh token belongs. None if the refresh token is unknown."""
        session = self._sessions.get(refresh_token)
        return session.account if session else None

    def log_in(self, access_key: str, secret_key: str, now: Instant) -> Tokens:
        """Open a session and return its tokens.

        Raises:
            Rejection: if the log-in is rejected. The error code is ``unauthorized`` for a wrong key pair. It is
                ``session_num_exceed`` if the key pair already has 20 sessions.
        """
        known = self._keys.get(access_key)
        if known is None or not hmac.compare_digest(known[0].encode(), secret_key.encode()):
            raise Rejection("unauthorized")
        account = known[1]
        for refresh in [r for r, s in self._sessions.items() if s.refresh_expires <= now]:
            del self._sessions[refresh]
        if sum(session.key == access_key for session in self._sessions.values()) >= SESSIONS:
            raise Rejection("session_num_exceed")
        self._serial += 1
        number = self._serial
        refresh_expires = now + self.settings.refresh_life
        refresh = self._sign({"sid": number, "exp": refresh_expires // SECOND})
        session = _Session(account, access_key, number, refresh_expires)
        self._sessions[refresh] = session
        return self._tokens(refresh, session, now)

    def refresh(self, refresh_token: str, now: Instant) -> Tokens:
        """Return a new access token of the same session. The refresh token stays the same.

        Raises:
            Rejection: if the refresh token is unknown or expired. The error code is ``unauthorized``.
        """
        session = self._sessions.get(refresh_token)
        if session is None or session.refresh_expires <= now:
            raise Rejection("unauthorized")
        return self._tokens(refresh_token, session, now)

    def authorise(self, header: str | None, now: Instant) -> str:
        """Return the account to which the token in an ``Authorization`` header belongs.

        Raises:
            Rejection: if the header is missing, invalid or expired. The error code is ``unauthorized``.
        """
        scheme, _, token = (header or "").partition(" ")
        claims = self._verify(token) if scheme == "Bearer" else None
        if claims is not None and claims.exp * SECOND > now:
            session = next((s for s in self._sessions.values() if s.number == claims.sid), None)
            if session is not None and claims.jti >= session.valid_from:
                return session.account
        raise Rejection("unauthorized")

    def expire_access(self) -> None:
        """Let every access token of the present sessions expire. Refresh tokens stay valid."""
        for session in self._sessions.values():
            session.valid_from = self._serial + 1

    def expire_sessions(self) -> None:
        """End every session, so that all clients have to log in again."""
        self._sessions.clear()

    def _tokens(self, refresh: str, session: _Session, now: Instant) -> Tokens:
        self._serial += 1
        expires = now + self.settings.access_life
        claims = {
            "partnerID": session.account,
            "sid": session.number,
            "jti": self._serial,
            "iat": now // SECOND,
            "exp": expires // SECOND,
        }
        return Tokens(self._sign(claims), refresh, expires, session.refresh_expires)

    def _sign(self, claims: dict[str, object]) -> str:
        head = _base64url(orjson.dumps({"alg": "HS256", "typ": "JWT"}))
        body = f"{head}.{_base64url(orjson.dumps(claims))}"
        return f"{body}.{self._signature(body)}"

    def _signature(self, body: str) -> str:
        return _base64url(hmac.digest(self._signing_key, body.encode(), hashlib.sha256))

    def _verify(self, token: str) -> _Claims | None:
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            return None
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(body.rpartition(".")[2] + "=="), type=_Claims)
        except (binascii.Error, msgspec.DecodeError):  # a refresh token is signed too, but has no serial number
            return None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
