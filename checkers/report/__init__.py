"""How results are shown where HTML is read: as a card each, in a notebook or on a page."""
