"""The exchange itself, pure: board, order intake, matching, money and settlement."""
