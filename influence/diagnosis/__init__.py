"""Which samples are glitches, of which kind, and what label they should have."""
