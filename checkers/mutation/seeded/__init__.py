"""The seeded bugs, by what they break. Overrides keep the signatures of what they replace."""
