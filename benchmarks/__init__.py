"""Measure what the design promises (`make bench`): each figure beside its floor, as a ratio of one run."""
