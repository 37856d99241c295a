"""The version of the exchange's API with the words order, price, quantity and strike (docs/protocol.md 13). Its field
names appear only in this folder."""
