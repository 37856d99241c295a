"""The dialect that the specification describes: wager, odds, stake, line. Its names stand here and nowhere else."""
