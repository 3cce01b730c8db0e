"""Nodes, keys, and transactions that are sent once."""
