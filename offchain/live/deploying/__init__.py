"""A deployment: what its founders wrote, where it stands, how it is brought there."""
