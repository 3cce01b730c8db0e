"""Tasks that come with the project, a folder each: its name, with hyphens, is the task's, `task` has it."""

DEFAULT = "loans"
"""What is learned where nobody says what: needs neither a file nor a download."""
