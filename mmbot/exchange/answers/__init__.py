"""Readers of the exchange's answers and messages, which all dialects (versions of the exchange's API) share. A dialect
gives them its own words, as types whose fields have these names here and other names on the wire."""
