"""Readers of the exchange's answers and messages, which all dialects (versions of the exchange's API) share. Each
dialect tells the readers how it names the fields."""
