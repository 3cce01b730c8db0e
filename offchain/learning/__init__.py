"""What is learned and judged by: one description for a simulation and for a live network."""
