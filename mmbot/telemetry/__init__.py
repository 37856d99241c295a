"""Logs and metrics. The log consists of events with fields."""
