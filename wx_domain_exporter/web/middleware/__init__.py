"""What every request passes before an endpoint answers it: users, headers, rate limit, sizes."""
