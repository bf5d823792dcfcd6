"""Measurements, held against bars: `make bench`."""
