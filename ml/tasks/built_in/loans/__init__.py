"""Built-in synthetic loans."""
