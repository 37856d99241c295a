"""The field names that the legacy dialect (version of the exchange's API) does not have."""

from __future__ import annotations

from typing import Final

FOREIGN: Final = frozenset(
    {
        "fill_price", "filled_quantity", "failed_orders", "market_strikes", "matched_order_balance", "open_quantity",
        "order", "order_id", "orders", "price", "quantity", "strike", "strike_id", "succeed_orders",
        "total_filled_quantity", "trades", "unmatched_order_balance",
    }
)  # fmt: skip
"""The field names that only the newer dialect (version of the exchange's API) uses (docs/protocol.md 13)."""
