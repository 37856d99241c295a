"""The exchange itself, without I/O: accounts, board, matching and settlement."""
