"""The kill-point sweep: a fixed session, killed with SIGKILL at every event of it, restarted, compared."""
