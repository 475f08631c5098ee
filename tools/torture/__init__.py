"""
Real faults in numbers: migrations of a real etcd by real processes, which are killed, frozen, cut off and starved.

`python -m tools.torture` runs every ordeal of `ordeals.py`; after each turn the books of `books.py` must balance: every
write of others is there, every object is as before or as after, with its lease, a resume completes and a rollback
brings back the bytes. `docs/guarantees.md` has what it came to.
"""
