"""Where a cluster's state is stored."""

import os

# gRPC's core reads this once, when any module here first loads it; unset it writes lines of its own on standard error.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
