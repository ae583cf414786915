"""What makes Tab work in zsh? A function of its completion system, which also shows what each word is for."""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.cli.shells.spots import Spot
from hyponema_cli.cli.topics import TOPICS


def script(spots: Sequence[Spot]) -> str:
    """Write the script: a file for a folder of fpath, or to be sourced."""
    topics = " ".join(quoted(f"{name}:{heading}") for name, (heading, _) in TOPICS.items())
    return _SCRIPT.replace("@SPOTS@", "".join(map(_case, spots))).replace("@TOPICS@", topics)


def quoted(text: str) -> str:
    r"""Write a word for zsh.

    >>> print(quoted("the callee's"))
    'the callee'\''s'
    """
    return "'" + text.replace("'", "'\\''") + "'"


def _case(it: Spot) -> str:
    verbs = [quoted(f"{name}:{about}") for name, about in it.commands.items()]
    switches = [
        quoted(f"{name}|{'+'.join(option.kinds)}|{option.about}") for option in it.options for name in option.names
    ]
    return (
        f"    {quoted(it.path)})\n"
        + _list("verbs", verbs)
        + _list("switches", switches)
        + f"      arguments=({' '.join(it.arguments)}) goes_on={'yes' if it.goes_on else ''}\n"
        + "      ;;\n"
    )


def _list(name: str, words: Sequence[str]) -> str:
    inside = "".join(f"        {word}\n" for word in words)
    return f"      {name}=(\n{inside}      )\n" if words else f"      {name}=()\n"


_SCRIPT = r"""#compdef hyp hyponema
# Completion of hyp for zsh. Generated from hyp's own commands; `hyp completion zsh` prints it.

# What can stand behind the command $1. Sets verbs, switches (as NAME|KIND+KIND|what it is for), arguments (a kind
# each) and goes_on, for when the last argument can be given again.
_hyp_spot() {
  case $1 in
@SPOTS@    *) return 1 ;;
  esac
}

# Offer what can stand here, of the kind $1.
_hyp_offer() {
  local word about
  local -a found shown
  case $1 in
    one:*) found=(${(s:,:)1#one:}); compadd -a found ;;
    each:*)
      compset -P '*,'
      found=(${(s:,:)1#each:})
      compadd -q -S , -a found
      ;;
    files) _files ;;
    commands | topics)
      _hyp_spot "hyp${given:+ $given}" || return 1
      if [[ $1 == topics && -z $given ]]; then
        verbs+=(@TOPICS@)
      fi
      if (( $#verbs )); then _describe -t commands 'command' verbs; fi
      ;;
    ask:*)
      while IFS=$'\t' read -r word about; do
        found+=("$word")
        shown+=("$word${about:+  ($about)}")
      done < <(command $program _complete zsh "${1#ask:}" "${(Q)PREFIX}" "$db" "$workspace" 2>/dev/null)
      # In the order in which they come: the latest first.
      compadd -V names -l -d shown -a found
      ;;
  esac
}

# The kinds of what follows $option; none for a switch.
_hyp_kinds() {
  local each rest
  kinds=()
  for each in $switches; do
    rest=${each#*\|}
    if [[ ${each%%\|*} == "$option" ]]; then kinds=(${(s:+:)rest%%\|*}); fi
  done
}

_hyp() {
  local program=${(Q)words[1]} here=hyp given= option= db= workspace= goes_on= each
  local -a verbs switches arguments kinds told
  local -i count=0 ended=0 at
  if [[ $program == '~/'* ]]; then program=$HOME/${program#\~/}; fi

  _hyp_spot hyp
  for (( at = 2; at < CURRENT; at++ )); do
    each=${(Q)words[at]}
    if (( $#kinds )); then
      case $option in
        --db) db=$each workspace= ;;
        -w | --workspace) workspace=$each db= ;;
      esac
      shift kinds
    elif (( ! ended )) && [[ $each == -- ]]; then
      ended=1
    elif (( ! ended )) && [[ $each == --*=* ]]; then
      case $each in
        --db=*) db=${each#*=} workspace= ;;
        --workspace=*) workspace=${each#*=} db= ;;
      esac
    elif (( ! ended )) && [[ $each == -* ]]; then
      option=$each
      _hyp_kinds
    elif (( $#verbs )); then
      here+=" $each"
      _hyp_spot "$here" || return 1
    else
      count+=1
      given+=${given:+ }$each
    fi
  done

  if (( $#kinds )); then
    _hyp_offer "$kinds[1]"
  elif (( ! ended )) && [[ $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    _hyp_kinds
    compset -P '*='
    _hyp_offer "${kinds[1]:-any}"
  elif (( ! ended )) && [[ $PREFIX == -* ]]; then
    for each in $switches; do told+=("${each%%\|*}:${each##*\|}"); done
    _describe -o -t options 'option' told
  elif (( $#verbs )); then
    _describe -t commands 'command' verbs
  else
    if [[ -n $goes_on ]] && (( count >= $#arguments )); then count=$#arguments-1; fi
    _hyp_offer "${arguments[count+1]:-any}"
  fi
}

if [[ $funcstack[1] == _hyp ]]; then
  _hyp "$@"
else
  compdef _hyp hyp hyponema
fi
"""
