"""The seeded bugs, by what they break; `../bug.py` says how they are written."""
