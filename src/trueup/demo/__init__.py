"""The main job as one command: a live node dies in a burst, comes back, and is compared with the venue."""
