"""Network code without knowledge of the exchange: HTTP with limits, websockets, the Pusher protocol, the back-off."""
