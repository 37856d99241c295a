"""Reads the connection config, which names the address of the feed. The answer is the same in every dialect (version of
the exchange's API)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mmbot.exchange.answers.values import Id, Part, part, text_of
from mmbot.exchange.grants import ConnectionConfig

Name = Annotated[str, Meta(max_length=1_000)]
"""The type of a host, an application key, a channel name or a signature. Its length is limited, because mmbot writes it
into an address or a frame."""


class _Config(msgspec.Struct):
    key: Name | None = None
    cluster: Name | None = None
    ws_host: Name | None = None
    app_id: Id = None
    service: Name | None = None
    data: Part = msgspec.UNSET


def read_connection_config(body: bytes) -> ConnectionConfig:
    """Read the connection config. Its fields are at the top level of the answer (docs/protocol.md 3) or under
    ``data``."""
    read = msgspec.json.decode(body, type=_Config)
    if not read.key and (inner := part(read.data)) is not None:
        read = msgspec.json.decode(inner, type=_Config)
    if not read.key:
        raise ValueError("the connection config has no key")
    if not read.cluster and not read.ws_host:
        raise ValueError("the connection config names neither a host nor a cluster")
    return ConnectionConfig(
        read.key, read.cluster or "", read.ws_host or None, text_of(read.app_id), read.service or "pusher"
    )
