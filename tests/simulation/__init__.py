"""
The writers in a simulated world: a model of etcd, a network, a disk, a clock and other clients, all led by one seed.

What runs in it is kstore's own code down to the stubs of gRPC and the calls of `os`: connection, paging, retry, the
write engine, the journal, settling, resume, rollback, verification, encryption, moves. `python -m tests.simulation`
runs many schedules; `docs/guarantees.md` says what they came to.
"""
