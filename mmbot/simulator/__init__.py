"""A simulated exchange that runs on one machine. It consists of the exchange itself, invented traders, a referee that
judges the bot, and an HTTP server."""
