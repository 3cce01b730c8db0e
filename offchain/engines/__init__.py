"""What a simulated game is played on: contracts on a local chain, or the reference in memory."""
