"""Token sources, a module for each type: an app's way to a credential that WeChat takes."""
