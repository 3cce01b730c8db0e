"""Federated learning without a chain: data, models, training, scores and voter policies."""

import os

# Read when torch is first imported. By default OpenMP's threads spin while they wait for one another: with
# other work on the machine, the node's say, a round of small models then takes up to ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
