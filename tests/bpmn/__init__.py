"""Tests of what the office draws: the diagrams and their forms."""
