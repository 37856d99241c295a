"""A local exchange: matching, money, crowds and a referee, pure; and a server that puts them on the wire."""
