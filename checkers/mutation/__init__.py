"""Does a spec catch the bug that it is meant for? Seeded bugs, and the hunt for them.

Imports `impl` and the simulator.
"""
