"""The exchange's API as its specification describes it: wager, odds, stake, line. Its names appear only in this
folder."""
