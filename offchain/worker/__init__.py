"""A process beside this one for code of others: without key, secrets and, where that can be, network."""
