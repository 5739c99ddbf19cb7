"""The driver that owns the world: time, network, disks, crashes. Imports `impl` and `checkers.seam`."""
