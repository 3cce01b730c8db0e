"""What anyone can do for a deployment: open, draw, mark, finalise, settle."""
