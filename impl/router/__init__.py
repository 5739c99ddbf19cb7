"""How a request finds the leader: `call` is one request's attempts; for now the clients that make them are
here too, as nodes. Imports `dynaproof.impl.node` and `dynaproof.impl.storage` names.
"""
