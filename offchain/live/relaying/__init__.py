"""A relay on a live network: members sign, it sends in batches and pays; and a member's line to it."""
