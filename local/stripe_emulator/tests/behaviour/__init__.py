"""How Stripe behaves: the same tests for the emulator and for Stripe's own test mode."""
