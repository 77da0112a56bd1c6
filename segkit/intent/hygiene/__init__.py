"""Rules that could go, that never decide, that contradict each other, that say more than is needed."""
