"""A run from its settings to its folder, with what a person sees of it."""
