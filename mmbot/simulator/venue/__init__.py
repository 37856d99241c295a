"""The exchange itself, without network or files: accounts, the board of markets, matching and settlement."""
