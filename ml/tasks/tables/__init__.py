"""Tasks that are a file of JSON: which columns of a table are read, how, and what is to be said of a row."""
