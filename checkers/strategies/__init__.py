"""What decides which event is next: strategies behind `checkers.seam.Strategy`. Imports that module only."""
