"""A copy-on-write B-tree of values by key, in checksummed pages of one file.

It knows of its values what `codec.PageCodec` says: their type, which msgspec encodes, and their size. Imports
`dynaproof.impl.node`, and `journal.frames`, since a page is a frame.
"""
