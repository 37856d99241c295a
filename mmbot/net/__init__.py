"""Network parts that know no exchange: bounded HTTP, websockets, the Pusher protocol and the back-off."""
