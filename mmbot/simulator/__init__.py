"""A simulated exchange that runs on one machine: the exchange itself, invented traders, a referee, and an HTTP
server."""
