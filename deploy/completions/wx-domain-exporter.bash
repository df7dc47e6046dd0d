# Completion for bash, made from the flags by scripts/docs.py.
_wx_domain_exporter() {
  local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]}
  # bash splits --flag=value at the equals sign.
  if [ "$current" = = ]; then
    current=
  elif [ "$flag" = = ]; then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $flag in
    --config.file | --web.config.file)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    --lang) mapfile -t COMPREPLY < <(compgen -W "en zh" -- "$current") ;;
    --log.level) mapfile -t COMPREPLY < <(compgen -W "debug info warn warning error" -- "$current") ;;
    --log.format) mapfile -t COMPREPLY < <(compgen -W "logfmt json" -- "$current") ;;
    --config.auto-reload-interval | --web.listen-address | --web.telemetry-path | --web.max-requests) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "--config.file --config.check --config.schema --config.auto-reload-interval --once --baseline --doctor --lang --health --demo --web.listen-address --web.config.file --web.telemetry-path --web.enable-lifecycle --web.max-requests --log.level --log.format --version --help" -- "$current") ;;
  esac
}
complete -F _wx_domain_exporter wx-domain-exporter
