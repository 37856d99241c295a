"""Logs as events with fields, and metrics."""
