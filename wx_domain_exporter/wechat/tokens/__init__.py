"""Token sources, with a module for each type; they provide the credentials of calls to WeChat."""
