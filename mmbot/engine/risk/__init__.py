"""Compares worst cases with limits, keeps the guards, and computes hedges."""
