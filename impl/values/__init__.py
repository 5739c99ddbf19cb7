"""Values: attribute values, numbers, items and their sizes, storage keys, and ranges of the hash space."""
