"""What an operator's own repository looks like beside trueup: a configuration, and strategies by import path."""
