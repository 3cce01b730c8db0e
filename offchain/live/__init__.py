"""A live network: a deployment that several parties run on a public chain, each with a key of its own.

Nothing here mines, moves a clock or creates ether; what a simulation may do to its chain is in
`offchain.chain.gateway`.
"""
