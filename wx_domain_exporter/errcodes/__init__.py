"""WeChat's errcodes: what each means, what is done about it, and what a person should do. Pure data."""
