"""Federated learning without a chain: data, models, training, scores and voter policies."""
