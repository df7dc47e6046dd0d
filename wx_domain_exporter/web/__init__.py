"""Serving: the only part that knows HTTP from the server's side."""
