"""What is handed out: placements, cancels and hedges."""
