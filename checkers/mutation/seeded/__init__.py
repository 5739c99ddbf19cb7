"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""
