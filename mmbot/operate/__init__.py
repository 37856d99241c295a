"""Commands that read what a daemon left: the journal and the statement."""
