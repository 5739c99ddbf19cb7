"""How results show themselves where HTML is read: a card each, in a notebook or on a page."""
