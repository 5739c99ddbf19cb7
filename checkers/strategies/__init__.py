"""Who decides what happens next: strategies behind `checkers.seam.Strategy`. Imports that module
only.
"""
