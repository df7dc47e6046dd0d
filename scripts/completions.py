"""The completions of shells, from the table of the flags; scripts/docs.py writes them."""

import re

from wx_domain_exporter.commands.arguments import Flag
from wx_domain_exporter.commands.flags import FLAGS

_FILES = "FILE"
"""The metavar of flags whose value is a file."""


def bash_completion() -> str:
    """The completion for bash."""
    named = [f"--{flag.name}" for flag in FLAGS]
    files = [name for name, flag in zip(named, FLAGS, strict=True) if flag.options.get("metavar") == _FILES]
    choices = {
        name: " ".join(flag.options["choices"])
        for name, flag in zip(named, FLAGS, strict=True)
        if "choices" in flag.options
    }
    others = [
        name
        for name, flag in zip(named, FLAGS, strict=True)
        if flag.options and name not in files and name not in choices
    ]
    cases = "".join(
        f'    {name}) mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$current") ;;\n'
        for name, words in choices.items()
    )
    return f"""\
# Completion for bash, made from the flags by scripts/docs.py.
_wx_domain_exporter() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD - 1]}}
  # bash splits --flag=value at the equals sign.
  if [ "$current" = = ]; then
    current=
  elif [ "$flag" = = ]; then
    flag=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  case $flag in
    {" | ".join(files)})
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
{cases}    {" | ".join(others)}) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "{" ".join([*named, "--help"])}" -- "$current") ;;
  esac
}}
complete -F _wx_domain_exporter wx-domain-exporter
"""


def zsh_completion() -> str:
    """The completion for zsh."""
    lines = "".join(f"  '{_zsh_argument(flag)}' \\\n" for flag in FLAGS)
    return f"""\
#compdef wx-domain-exporter
# Completion for zsh, made from the flags by scripts/docs.py.
_arguments \\
{lines}  '--help[Show the flags and exit.]'
"""


def _zsh_argument(flag: Flag) -> str:
    """The specification of one flag for `_arguments`: its first sentence, and what its value is."""
    sentence = flag.help.partition(". ")[0].removesuffix(".")
    text = re.sub(r"([\[\]:\\])", r"\\\1", sentence).replace("'", "'\\''")
    if not flag.options:
        return f"--{flag.name}[{text}]"
    metavar = flag.options.get("metavar", "")
    if "choices" in flag.options:
        values = f"value:({' '.join(flag.options['choices'])})"
    else:
        values = f"{metavar.lower()}:{'_files' if metavar == _FILES else ''}"
    repeatable = "*" if flag.options.get("action") == "append" else ""
    return f"{repeatable}--{flag.name}=[{text}]:{values}"
