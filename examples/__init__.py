"""Short strategies to copy and change. A test runs each of them. No strategy here is advice (see the risk notice in the
README)."""
