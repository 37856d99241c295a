"""The driver of a simulation: draws everything from a seed, runs bot and exchange, and writes records for the judge."""
