"""What is wrong and what to do about it, in English and Chinese: for `--doctor` and the status pages."""
