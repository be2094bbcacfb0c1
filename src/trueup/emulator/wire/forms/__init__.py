"""The venue's JSON forms: pure functions from the engine's values to what travels."""
