"""mmbot: a market-making daemon for the ProphetX sports prediction exchange."""

__version__ = "0.1.0"
