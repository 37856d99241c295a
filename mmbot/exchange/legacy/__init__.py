"""The exchange's API as its specification describes it. This API uses the words wager, odds, stake and line. Its field
names appear only in this folder."""
