"""The HTTP server: connections, middleware, endpoints and pages."""
