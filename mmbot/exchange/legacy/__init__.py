"""The dialect of the specification: wager, odds, stake, line. Its names appear in this folder alone."""
