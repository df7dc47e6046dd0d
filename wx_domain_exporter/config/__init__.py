"""The configuration: from a file to validated settings, or to all its errors."""
