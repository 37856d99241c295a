"""The exchange itself, without I/O: board, order intake, matching, money and settlement."""
