"""The followers of a change: small classes, each of which does one thing when a wager changed."""
