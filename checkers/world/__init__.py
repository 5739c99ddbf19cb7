"""The driver that owns the world: nodes, time, network, disks, crashes. Imports `impl` and `checkers.seam`."""
