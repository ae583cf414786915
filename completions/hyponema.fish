# The same program under its other name.
complete -c hyponema -w hyp
