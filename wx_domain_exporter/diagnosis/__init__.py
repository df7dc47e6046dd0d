"""What is wrong with an app and what to do about it, for the doctor and the status pages."""
