"""A separate HTTP server that behaves like the WeChat API, for `--demo`, the tests and the benchmarks."""
