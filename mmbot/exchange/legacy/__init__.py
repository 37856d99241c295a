"""The legacy dialect of the exchange's API (docs/protocol.md). It uses the words wager, odds, stake and line. Its field
names appear only in this folder."""
