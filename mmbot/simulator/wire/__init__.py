"""The server around the simulated exchange, with REST endpoints, the websocket feed, sessions and faults."""
