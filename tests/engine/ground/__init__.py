"""Tests of engine/ground."""
