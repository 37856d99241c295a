"""Deliberately broken engines. The simulation has to find each of them, which shows that it can."""
