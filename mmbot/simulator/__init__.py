"""A local exchange: venue, crowds and referee without I/O, and the server that puts them on the wire."""
