"""The asyncio shell around the engine: start-up, the pump, supervision, signals, HTTP and shutdown."""
