"""A deployment whose first model is another one's: what was learned outlives a change of members or rules."""
