"""How a request finds the leader: `call` is one request's attempts, `notes` what clients say of them. Imports
`dynaproof.impl.node`, and what a partition is asked (`partition.messages`).
"""
