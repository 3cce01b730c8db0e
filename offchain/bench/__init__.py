"""How long a round takes, where its time goes, and how much memory it needs; `ape run bench`."""
