"""Network code that knows nothing about the exchange. It has HTTP with limits, websockets, the Pusher protocol, and the
back-off."""
