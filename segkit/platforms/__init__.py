"""Enforcement planes, one folder each."""
