"""Questions about a store, answered: what fills it, what is wrong in it, what changed."""
