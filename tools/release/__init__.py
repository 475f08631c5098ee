"""The release: what is built, held against what it says, installed as users install it, and listed."""
