"""One function for each use case; what they need from outside is in ``ports``."""
