"""ProphetX on the wire: the session, the REST calls and the Pusher feed. Each dialect has a folder of its own."""
