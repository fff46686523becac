"""Whose data goes where, and what of it went there before."""
