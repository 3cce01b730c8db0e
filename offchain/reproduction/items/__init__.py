"""One module for each kind of question that the paper asks of its runs."""
