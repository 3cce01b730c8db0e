"""A simulated round: who trains, who judges, what is recorded."""
