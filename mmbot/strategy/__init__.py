"""The interface of strategies, the loader of strategies, the quoting rules, and the user's own prices."""
