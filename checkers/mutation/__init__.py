"""Does a spec catch the bug that it is there for? Seeded bugs, and the hunt for them.

Imports `impl` and the simulator.
"""
