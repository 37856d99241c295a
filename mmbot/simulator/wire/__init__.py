"""The server around the simulated exchange. It has REST endpoints, the websocket feed, sessions and faults."""
