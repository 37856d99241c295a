"""Network code that knows nothing about the exchange. It contains HTTP with limits, websockets, the Pusher protocol,
and the back-off (waits between attempts to connect)."""
