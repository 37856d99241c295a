"""Show a status to a person: as text and as a live terminal view."""
