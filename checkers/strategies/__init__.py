"""Who decides what happens next: strategies behind `checkers.simulator.events.Strategy`. Imports that module
only.
"""
