"""The exchange's API as its specification describes it. Its words are wager, odds, stake and line, and its field names
appear only in this folder."""
