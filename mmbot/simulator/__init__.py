"""A simulated exchange that runs on one machine. It has invented traders, a referee that judges the bot, and an HTTP
server."""
