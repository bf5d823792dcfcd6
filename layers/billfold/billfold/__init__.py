"""Billfold's rules, use cases and adapters, shared by every function as a Lambda layer."""
