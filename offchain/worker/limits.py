"""How long the start of a worker is waited for."""

START_SECONDS = 900.0
"""In which a task has to load, and a client's rows to be read and tried, unless its owner gives more."""
