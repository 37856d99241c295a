"""Followers: small classes, each of which does one thing when a wager changes."""
