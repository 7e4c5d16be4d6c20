"""Indicators computed from results and tables."""
