"""What kine keeps in SQLite, as K3s does: `state.db`."""
