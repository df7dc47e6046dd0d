"""One mini program: how it is fetched, what is remembered of it, and why it fails."""
