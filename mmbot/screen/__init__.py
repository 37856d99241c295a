"""What a person sees of a status: text and the live terminal view."""
