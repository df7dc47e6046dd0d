"""What the APIs of the simulated WeChat answer. Knows no HTTP server."""
