"""Claims at run time: what was added beside the operator's file, and how an operator reaches the live node."""
