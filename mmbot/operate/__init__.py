"""Commands that read the records that a daemon left. They are ``mmbot journal`` and ``mmbot statement``."""
