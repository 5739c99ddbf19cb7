"""How a request finds the leader: for now only what its clients note. Imports `dynaproof.impl.node` and
`dynaproof.impl.storage` names.
"""
