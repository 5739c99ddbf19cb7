"""Our scenarios, one file each, and their registry in `catalogue.py`. Imports `checkers.runs` and
`checkers.kinds`.
"""
