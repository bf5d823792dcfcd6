"""A stateful Stripe emulator for development and tests."""
