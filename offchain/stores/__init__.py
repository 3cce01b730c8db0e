"""Where update bytes are kept, by Merkle root: folders, S3, IPFS, a consortium's own server, memory.

No store is trusted: what does not hash to its name is not an artefact. `Artefacts` is what clients use.
"""
