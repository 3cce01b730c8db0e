"""What the chain shows: events, the state at one block, accounts explained."""
