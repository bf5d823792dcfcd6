"""How the emulator answers, held against recordings of Stripe's test mode."""
