"""The endpoints for programs: `/metrics`, `/probe`, `/sd` and `/sd/domains`."""
