# The same program under its other name.
. "${BASH_SOURCE[0]%/*}/hyp"
