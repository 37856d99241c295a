"""Tokens in the legacy dialect."""

from __future__ import annotations

import pytest
from legacy_bodies import NOW, body

from mmbot.exchange.legacy import session


def test_tokens_do_not_show_themselves() -> None:
    given_ = session.read_tokens(
        body({"access_token": "aaa", "refresh_token": "rrr", "access_expire_time": "1790000000"})
    )
    assert given_.expires == NOW
    assert "aaa" not in repr(given_)
    assert "rrr" not in f"{given_}"
    with pytest.raises(ValueError, match="no access token") as bad:
        session.read_tokens(body({"access_token": {"secret": "sss"}}))
    assert bad.value.__context__ is None or "sss" not in repr(bad.value.__context__)
