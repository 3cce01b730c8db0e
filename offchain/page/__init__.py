"""A page of a run or a deployment: one HTML file that asks nobody for anything."""
