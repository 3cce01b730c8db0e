"""Tasks that come with the project, a folder each: its name, with hyphens, is the task's, `task` has it."""
