"""What malicious clients do: with their rows, with their updates, with their votes.

An attack is a function from what a coalition knows to what its seated members send, with options as keyword
arguments; `registry` has them by name, and takes a user's own. `aiming` makes any of them as strong as the
policy in force lets pass, `votes` has what a coalition's voters do.
"""
