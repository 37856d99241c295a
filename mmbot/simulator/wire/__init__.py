"""The server around the simulated exchange: REST endpoints, the websocket feed, sessions and faults."""
