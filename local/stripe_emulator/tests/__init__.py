"""Tests of the Stripe emulator; the real Stripe SDK is the client."""
