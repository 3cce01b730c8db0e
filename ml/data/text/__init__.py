"""Tables in files, read as text: which file it is, which dialect, which records; what its cells mean."""
