"""A chain: what calls and events are made of, signatures, and a local node."""
