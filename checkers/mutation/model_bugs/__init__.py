"""Seeded bugs of the models of the system, as patches of the protocols' text: one file per model."""
