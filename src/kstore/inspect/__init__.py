"""Questions about a store as a whole: what fills it, what is wrong with it, what changed. Only reads."""
