"""Attacks against policies and defences, by a grid: what gets through, and what it costs whom."""
