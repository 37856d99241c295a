"""Shows a daemon's status to a person, as text and as a live terminal view."""
