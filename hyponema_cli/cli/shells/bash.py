"""What makes Tab work in bash? A function for `complete`, which knows commands and options, and asks for names."""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.cli.shells.spots import Spot
from hyponema_cli.cli.topics import TOPICS


def script(spots: Sequence[Spot]) -> str:
    """Write the script; bash 3.2, which is macOS's, reads it too."""
    return _SCRIPT.replace("@SPOTS@", "".join(map(_case, spots))).replace("@TOPICS@", " ".join(TOPICS))


def _case(it: Spot) -> str:
    options = [
        f"{name}={'+'.join(option.kinds)}" if option.kinds else name for option in it.options for name in option.names
    ]
    lines = [f"commands='{' '.join(it.commands)}'", f"options='{' '.join(options)}'"]
    lines += [f"arguments='{' '.join(it.arguments)}'", f"goes_on='{'yes' if it.goes_on else ''}'"]
    return f"    '{it.path}')\n" + "".join(f"        {line}\n" for line in lines) + "        ;;\n"


_SCRIPT = r"""# Completion of hyp for bash. Generated from hyp's own commands; `hyp completion bash` prints it.
# shellcheck shell=bash

# What can stand behind the command $1. Sets commands, options (as --name, or --name=KIND+KIND for one that takes
# values), arguments (a kind each) and goes_on, for when the last argument can be given again.
_hyp_spot() {
    # shellcheck disable=SC2034
    case $1 in
@SPOTS@    *) return 1 ;;
    esac
}

# Offer what begins with $word, of the kind $1.
_hyp_offer() {
    local kind=$1 before='' line
    case $kind in
    one:* | each:*)
        if [[ $kind == each:* && $word == *,* ]]; then before=${word%,*},; fi
        kind=${kind#*:}
        _hyp_words "${kind//,/ }"
        ;;
    files) compopt -o default 2>/dev/null ;;
    commands | topics)
        if _hyp_spot "hyp${given:+ $given}"; then
            if [[ $kind == topics && -z $given ]]; then commands+=' @TOPICS@'; fi
            _hyp_words "$commands"
        fi
        ;;
    ask:*)
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <("$program" _complete bash "${kind#ask:}" "$word" "$db" "$workspace" "${COMP_TYPE:-}" 2>/dev/null)
        ;;
    esac
}

# Offer those of the words in $1 that begin with $word.
_hyp_words() {
    local each
    for each in $1; do
        if [[ $before$each == "$word"* ]]; then COMPREPLY+=("$before$each"); fi
    done
}

_hyp() {
    local IFS=$' \t\n' program=$1 line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=()

    # The words of the line as they are typed, quotes and all: bash's own are cut at every colon.
    local words=() word='' quote='' letter
    local -i at
    for ((at = 0; at < ${#line}; at++)); do
        letter=${line:at:1}
        if [[ $quote == "'" ]]; then
            word+=$letter
            if [[ $letter == "'" ]]; then quote=''; fi
        elif [[ $letter == \\ ]]; then
            at+=1
            word+=$letter${line:at:1}
        elif [[ $letter == "$quote" ]]; then
            word+=$letter
            quote=''
        elif [[ -z $quote && ($letter == "'" || $letter == '"') ]]; then
            word+=$letter
            quote=$letter
        elif [[ -z $quote && $letter == [[:space:]] ]]; then
            if [[ -n $word ]]; then words+=("$word"); fi
            word=''
        else
            word+=$letter
        fi
    done
    # Behind variables that are set for the command alone.
    while ((${#words[@]})) && [[ ${words[0]} != "$1" ]]; do words=("${words[@]:1}"); done
    if ! ((${#words[@]})); then return; fi
    # shellcheck disable=SC2088
    if [[ $program == '~/'* ]]; then program=$HOME/${program:2}; fi

    local path=hyp given='' kinds='' option='' db='' workspace='' before='' each
    local commands options arguments goes_on
    local -i count=0 ended=0
    _hyp_spot hyp
    for each in "${words[@]:1}"; do
        if [[ -n $kinds ]]; then
            case $option in
            --db) db=$each workspace='' ;;
            -w | --workspace) workspace=$each db='' ;;
            esac
            if [[ $kinds == *+* ]]; then kinds=${kinds#*+}; else kinds=''; fi
        elif ((!ended)) && [[ $each == -- ]]; then
            ended=1
        elif ((!ended)) && [[ $each == --*=* ]]; then
            case $each in
            --db=*) db=${each#*=} workspace='' ;;
            --workspace=*) workspace=${each#*=} db='' ;;
            esac
        elif ((!ended)) && [[ $each == -* ]]; then
            option=$each
            _hyp_kinds
        elif [[ -n $commands ]]; then
            path+=" $each"
            if ! _hyp_spot "$path"; then return; fi
        else
            count+=1
            given+=${given:+ }$each
        fi
    done

    if [[ -n $kinds ]]; then
        _hyp_offer "${kinds%%+*}"
    elif ((!ended)) && [[ $word == --*=* ]]; then
        option=${word%%=*}
        word=${word#*=}
        _hyp_kinds
        _hyp_offer "${kinds%%+*}"
        # Where `=` ends a word for readline, only what stands behind it is replaced.
        if [[ -z $quote && $COMP_WORDBREAKS != *=* ]]; then
            COMPREPLY=("${COMPREPLY[@]/#/$option=}")
            word=$option=$word
        fi
    elif ((!ended)) && [[ $word == -* ]]; then
        local names=''
        for each in $options; do names+=" ${each%%=*}"; done
        _hyp_words "$names"
    elif [[ -n $commands ]]; then
        _hyp_words "$commands"
    else
        # shellcheck disable=SC2206
        local each_kind=($arguments)
        if [[ -n $goes_on ]] && ((count >= ${#each_kind[@]})); then count=${#each_kind[@]}-1; fi
        _hyp_offer "${each_kind[count]:-any}"
    fi

    # The same for the other letters that end a word: what stands before the last of them stays in the line.
    local cut=''
    for letter in : = @; do
        if [[ -z $quote && $COMP_WORDBREAKS == *$letter* && $word == *$letter* ]]; then
            each=${word%"${word##*"$letter"}"}
            if ((${#each} > ${#cut})); then cut=$each; fi
        fi
    done
    if [[ -n $cut ]]; then
        for at in "${!COMPREPLY[@]}"; do COMPREPLY[at]=${COMPREPLY[at]#"$cut"}; done
    fi
}

# The kinds of what follows $option; none for a switch.
_hyp_kinds() {
    local each
    kinds=''
    for each in $options; do
        if [[ $each == "$option="* ]]; then kinds=${each#*=}; fi
    done
}

complete -F _hyp hyp hyponema
"""
