"""Tokens moved by hand: given to those who are to join, taken out of a deployment."""
