"""One mini program: its fetches, its extra calls, and what is kept of it between scrapes."""
