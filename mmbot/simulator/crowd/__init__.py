"""The other traders at the exchange: a synthetic crowd and a crowd that replays a recorded market."""
