"""Readers of users' tables."""
