"""Rows: reading tables and pictures, encoding them, and splitting them among clients."""
