"""Accepts connections and speaks HTTP: listening sockets, limits of connections, TLS."""
