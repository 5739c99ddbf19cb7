"""How a request finds the leader: for now the client side of it, as a node. Imports `impl.node` and
`impl.storage` names.
"""
