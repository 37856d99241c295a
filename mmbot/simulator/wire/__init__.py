"""The server around the simulated exchange. It has REST endpoints, the websocket feed and sessions, and it simulates
failures."""
