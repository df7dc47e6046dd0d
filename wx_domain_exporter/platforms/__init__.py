"""Third-party platforms: those in force, and the mini programs that they discover."""
