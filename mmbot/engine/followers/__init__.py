"""Followers: small classes that receive every change of a wager. Each class does one thing."""
