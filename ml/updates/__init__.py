"""What is exchanged: schema, fixed point, canonical bytes, digests, averages."""
