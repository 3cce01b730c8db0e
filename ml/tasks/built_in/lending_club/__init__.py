"""Lending Club's loans."""
