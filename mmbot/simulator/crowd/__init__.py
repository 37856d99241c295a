"""Everybody else at the exchange: invented crowds and recorded ones."""
