"""Strands: many things that happen at once in one thread. What they do is unknown here."""
