"""What makes Tab work in fish? A function that yields what can stand here, with what it is for."""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.cli.shells.spots import Spot
from hyponema_cli.cli.topics import TOPICS


def script(spots: Sequence[Spot]) -> str:
    """Write the script."""
    topics = " ".join(quoted(f"{name}|{heading}") for name, (heading, _) in TOPICS.items())
    return _SCRIPT.replace("@SPOTS@", "".join(map(_case, spots))).replace("@TOPICS@", topics)


def quoted(text: str) -> str:
    r"""Write a word for fish.

    >>> print(quoted("the callee's \\"))
    'the callee\'s \\'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _case(it: Spot) -> str:
    verbs = [quoted(f"{name}|{about}") for name, about in it.commands.items()]
    switches = [
        quoted(f"{name}|{'+'.join(option.kinds)}|{option.about}") for option in it.options for name in option.names
    ]
    lines = [
        " ".join(["set verbs", *verbs]),
        " ".join(["set switches", *switches]),
        " ".join(["set arguments", *it.arguments]),
        f"set goes_on {'yes' if it.goes_on else ''}".rstrip(),
    ]
    return f"        case {quoted(it.path)}\n" + "".join(f"            {line}\n" for line in lines)


_SCRIPT = r"""# Completion of hyp for fish. Generated from hyp's own commands; `hyp completion fish` prints it.

# What can stand behind a command. Sets verbs (as NAME|what it is for), switches (as NAME|KIND+KIND|what it is for),
# arguments (a kind each) and goes_on, for when the last argument can be given again.
function __hyp_spot --no-scope-shadowing
    switch "$argv[1]"
@SPOTS@        case '*'
            return 1
    end
    return 0
end

# Offer what can stand here, of the kind $argv[1], behind what stays in the word, $argv[2].
function __hyp_offer --no-scope-shadowing
    set -l kind (string split -m 1 : -- $argv[1])
    set -l stays "$argv[2]"
    switch $kind[1]
        case one each
            if test $kind[1] = each
                set stays "$stays"(string replace -r -- '[^,]*$' '' "$typed")
            end
            for each in (string split , -- $kind[2])
                echo -- "$stays$each"
            end
        case files
            __fish_complete_path "$typed" | string replace -r -- '^' "$stays"
        case commands topics
            __hyp_spot (string join ' ' -- hyp $given)
            or return
            if test $kind[1] = topics; and test (count $given) -eq 0
                set -a verbs @TOPICS@
            end
            string replace -- '|' \t $verbs
        case ask
            command $program _complete fish $kind[2] "$typed" "$db" "$workspace" 2>/dev/null | while read -l each
                echo -- "$stays$each"
            end
    end
end

# The kinds of what follows $option; none for a switch.
function __hyp_kinds --no-scope-shadowing
    set kinds
    for each in $switches
        set -l told (string split -m 2 '|' -- $each)
        if test "$told[1]" = "$option"; and test -n "$told[2]"
            set kinds (string split + -- $told[2])
        end
    end
end

function __hyp_complete
    set -l tokens (commandline -opc)
    set -l word (commandline -ct)
    # What the word means, as far as it is typed; a quote may be open.
    set -l typed "$word"
    for end in '' \" \'
        if set typed (string unescape -- "$word$end")
            break
        end
    end
    set -l program $tokens[1]
    set -l here hyp
    set -l ended no
    set -l given
    set -l option
    set -l db
    set -l workspace
    set -l verbs
    set -l switches
    set -l arguments
    set -l goes_on
    set -l kinds

    __hyp_spot hyp
    for each in $tokens[2..-1]
        if test (count $kinds) -gt 0
            switch $option
                case --db
                    set db $each
                    set workspace
                case -w --workspace
                    set workspace $each
                    set db
            end
            set -e kinds[1]
        else if test $ended = no; and test "$each" = --
            set ended yes
        else if test $ended = no; and string match -q -- '--*=*' "$each"
            switch $each
                case '--db=*'
                    set db (string replace -- --db= '' "$each")
                    set workspace
                case '--workspace=*'
                    set workspace (string replace -- --workspace= '' "$each")
                    set db
            end
        else if test $ended = no; and string match -q -- '-*' "$each"
            set option $each
            __hyp_kinds
        else if test (count $verbs) -gt 0
            set here "$here $each"
            __hyp_spot $here
            or return
        else
            set -a given $each
        end
    end

    if test (count $kinds) -gt 0
        __hyp_offer $kinds[1]
    else if test $ended = no; and string match -q -- '--*=*' "$typed"
        set option (string replace -r -- '=.*' '' "$typed")
        set typed (string replace -- "$option=" '' "$typed")
        __hyp_kinds
        __hyp_offer "$kinds[1]" "$option="
    else if test $ended = no; and string match -q -- '-*' "$typed"
        string replace -r -- '^([^|]*)\|[^|]*\|' '$1\t' $switches
    else if test (count $verbs) -gt 0
        string replace -- '|' \t $verbs
    else
        set -l at (math (count $given) + 1)
        if test -n "$goes_on"; and test $at -gt (count $arguments)
            set at (count $arguments)
        end
        if test $at -le (count $arguments)
            __hyp_offer $arguments[$at]
        end
    end
end

complete -c hyp -f -a '(__hyp_complete)'
complete -c hyponema -w hyp
"""
