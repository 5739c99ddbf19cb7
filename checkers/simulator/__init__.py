"""The driver that owns the world: time, network, disks, crashes; runs, replay, shrinking. Imports `impl` and
`specs`.
"""
