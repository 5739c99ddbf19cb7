"""Directed scenarios: what exploration finds seldom or never, scripted step by step, judged by the same
specs.
"""
