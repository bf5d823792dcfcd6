"""The embedded stack: the whole product on one machine (docs/local.md)."""
