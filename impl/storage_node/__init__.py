"""A storage node: hosts a replica, creates it, recovers it, and retires it. Imported by drivers and checkers;
imports `partition` and what is below it.
"""
