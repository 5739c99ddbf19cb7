"""A storage node hosts replicas of many partitions, and perhaps of the metadata: it makes, recovers and drops
them, remembers in its own journal which there were, and reports them to the admins. Imported by `admin`,
drivers and checkers; imports `metadata`, `partition` and what is below them.
"""
