"""
How fast kstore is, each row beside its peers in the same run: `python -m bench`, or `make bench`.

Absolute times drift with the machine, so that nothing is judged by them alone: kstore and its peers take turns, and
what counts is their ratio. A peer that is not installed is said to be missing, and nothing stands in its place. A row
whose commands have not done their work fails.
"""
