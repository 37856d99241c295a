"""The exchange itself, without network or files. It consists of accounts, the board of markets, matching and
settlement."""
