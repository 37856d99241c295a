"""How wagers are accepted and matched, and how the crowd enters its orders."""
