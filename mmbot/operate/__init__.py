"""The arguments of the commands, and the commands that read the records of a daemon: ``mmbot journal`` and ``mmbot
statement``."""
