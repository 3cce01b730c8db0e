"""Tasks that come with the project, a file each: `name` of the file, with hyphens, is the task's."""
