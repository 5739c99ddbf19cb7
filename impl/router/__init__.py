"""How a request finds the leader: for now the client side of it, as a node. Imports `dynaproof.impl.node` and
`dynaproof.impl.storage` names.
"""
