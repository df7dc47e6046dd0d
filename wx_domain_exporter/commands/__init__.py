"""What the command line offers, and what its modes print."""
