"""The HTTP client under requests: one deadline and one limit of bytes for each call. What is called is unknown here."""
