#compdef wx-domain-exporter
# Completion for zsh, made from the flags by scripts/docs.py.
_arguments \
  '--config.file=[The configuration file]:file:_files' \
  '--config.check[Validate the configuration and exit\: 0 if it is valid, 1 if not]' \
  '--config.schema[Print the JSON Schema of the configuration, for editors, and exit]' \
  '--config.auto-reload-interval=[How often to look whether the configuration file has changed, and reload it then; 0s never looks]:duration:' \
  '--once[Print one scrape of all apps to standard output and exit\: 0 if every app is up, 1 if not]' \
  '--baseline[Print today'\''s lists of all apps as a `baselines` block to paste into the configuration, and exit\: 0 if every app is up, 1 if not]' \
  '--doctor[Check every app step by step, print what is wrong and what to do, and exit\: 0 if nothing is wrong, 1 if something is, 130 after Ctrl-C]' \
  '--lang=[Language of --doctor, --config.check and errors\: en or zh]:value:(en zh)' \
  '--health[Ask the exporter that runs with the same flags whether it answers, and exit\: 0 if it does, 1 if not]' \
  '--demo[Run against a built-in simulated WeChat API, scraped every 15 s; needs no account or configuration]' \
  '*--web.listen-address=[Address to listen on\: HOST\:PORT, \:PORT or \[\:\:1\]\:PORT]:address:' \
  '--web.config.file=[TLS, client certificates, basic authentication and headers, in the format of Prometheus'\'' exporter-toolkit (docs/web-configuration.md)]:file:_files' \
  '--web.telemetry-path=[Path of the metrics, which must begin with a slash]:path:' \
  '--web.enable-lifecycle[Allow POST /-/reload]' \
  '--web.max-requests=[How many scrapes may run at the same time; further ones are answered with 503]:number:' \
  '--log.level=[Lowest level that is logged\: debug, info, warning (or warn) or error]:value:(debug info warn warning error)' \
  '--log.format=[Format of the log lines\: logfmt or json]:value:(logfmt json)' \
  '--version[Print the version and exit]' \
  '--help[Show the flags and exit.]'
