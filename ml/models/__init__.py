"""Networks, each in a module of its own, and the flat vectors of their parameters."""
