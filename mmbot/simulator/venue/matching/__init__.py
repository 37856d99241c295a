"""The acceptance of wagers, their matching, and the orders of the crowd."""
