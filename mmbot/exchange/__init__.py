"""ProphetX on the wire: the session, the REST calls, the Pusher feed. Names of a dialect stand in its own folder."""
