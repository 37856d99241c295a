"""ProphetX on the wire: the session, the REST calls and the feed. Each dialect has a folder of its own."""
