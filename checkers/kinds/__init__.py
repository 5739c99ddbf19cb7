"""The kinds of nodes that our scenarios are made of. Imports `checkers.runs`, `checkers.workloads` and
`impl`.
"""
