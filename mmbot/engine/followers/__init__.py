"""Followers: small classes that are told of every change of a wager. Each class does one thing."""
