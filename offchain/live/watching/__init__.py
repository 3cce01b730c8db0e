"""What the chain shows: events, rounds, the state at one block, accounts explained."""
