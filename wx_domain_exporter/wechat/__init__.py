"""The WeChat API: how it is reached, what it answers, and the tokens it wants."""
