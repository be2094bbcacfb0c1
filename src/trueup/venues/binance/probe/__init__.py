"""Show against the emulator, on the installed engine, which faults of the adapter are there and which are repaired."""
