"""Built-in images of digits."""
