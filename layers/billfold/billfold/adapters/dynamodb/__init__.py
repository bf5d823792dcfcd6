"""One table; every key of the system is in ``keys`` (docs/data-model.md)."""
