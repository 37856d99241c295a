"""The other traders at the local exchange: a synthetic crowd, and a crowd that replays a recorded market."""
