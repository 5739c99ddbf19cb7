"""Exhaustive exploration of models.

The same text of a model is run by plain Python (`interpreter`, the oracle), and read as a syntax tree
(`evaluate`) into expressions over the bits of a packed state (`expressions`, `layout`, `lower`), from which
machine code (`machine`, `explore`) and Z3 terms (`induction`) are made.
"""
