"""From books to targets: the views of a strategy, its quotes, and their difference to the open wagers."""
