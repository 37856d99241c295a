"""Compares worst cases with limits, keeps the guards (reasons not to quote), and computes hedges."""
