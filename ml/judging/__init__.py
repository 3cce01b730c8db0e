"""How voters judge: scores on private rows, and the policies that turn them into ballots."""
