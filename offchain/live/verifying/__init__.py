"""The lineage of global models, replayed from logs and artefacts."""
