"""The state machine of a partition, and what a replica of it does for clients and for readers of its log.

Reading order: `records`, `state`, `messages`; then the services `meter`, `requests`, `waiting`, `readers` and
`splitting`, which `replica` puts in order. Imports `dynaproof.impl.paxos` and what is below it.
"""
