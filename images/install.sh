#!/bin/sh
# Installs a contender's packages into a virtual environment: run by the Dockerfiles and by the process engine.
#
#     VERSION= VARIANT= EXTRAS= INDEX= PINS= STACK= sh install.sh VENV REQUIREMENTS LOCKS WHEELHOUSE
#
# STACK empty: our pins and locks hold, as below. Otherwise neither does, and pip picks what goes with the framework: of
# today where it is latest-DATE, of what was uploaded before it where it is a date, which takes an index that tells when.
# VENV/requirements.txt is what was asked for.
#
# Where the folder LOCKS has one for this version, variant, Python and machine, its hashes decide what is installed, and
# VENV/bakeoff-lock names it; elsewhere pip resolves REQUIREMENTS, whose first line is the framework, within PINS.
# The framework alone may come from the variant's INDEX, beside pip's own: no package of another name can.
set -eu
. "$(dirname "$0")/pip-config.sh"

venv=$1 requirements=$2 locks=$3 wheelhouse=$4
[ -d "$wheelhouse" ] || wheelhouse=

# An index that says no (401, 403, 404) stands in pip's log alone, among much else: of a failure those lines are told.
export PIP_LOG="$venv/pip.log"
told() { [ "$1" = 0 ] || grep "Could not fetch URL" "$PIP_LOG" >&2 || true; rm -f "$PIP_LOG"; exit "$1"; }
trap 'told $?' EXIT

tag=$("$venv/bin/python" -c 'import platform, sys; print("cp%d%d-%s" % (*sys.version_info[:2], platform.machine()))')
lock="$VERSION-$VARIANT-$tag.txt"
line=$(grep -m 1 '^[^#]' "$requirements" || true)
name=${line%%[[\$=]*}

install() { "$venv/bin/python" -m pip install ${wheelhouse:+--find-links "$wheelhouse"} "$@"; }

# Few retries: a wheelhouse makes up for an index that nobody can reach, and the wait must not cost minutes.
framework() {
    [ -z "$INDEX" ] || install --no-deps --retries 1 --timeout 20 --extra-index-url "$INDEX" \
        --requirement "$venv/framework.txt" "$@"
}

asked="$venv/requirements.txt"
grep '^[^#]' "$requirements" > "$asked" || true # of the standard library alone there may be none
if [ -n "${STACK:-}" ]; then
    lock=none PINS=
    sed -e '2,$ s/[=;].*//' -e '2,$ s/ *$//' "$asked" | awk '!seen[$0]++' > "$asked.free" && mv "$asked.free" "$asked"
fi
case "${STACK:-}" in [0-9]*) install --retries 2 --upgrade "pip>=26" ;; esac # the first that knows a day

for pin in $PINS; do echo "$pin"; done > "$venv/pins.txt"

if [ -f "$locks/$lock" ]; then
    grep "^$name==" "$locks/$lock" > "$venv/framework.txt"
    framework --require-hashes --only-binary :all:
    install --require-hashes --only-binary :all: --no-deps --retries 2 --requirement "$locks/$lock"
    echo "$lock" > "$venv/bakeoff-lock"
else
    [ -z "${STACK:-}" ] && echo "no lock named $lock: pip resolves" || echo "stack $STACK: pip resolves"
    echo "$line" > "$venv/framework.txt"
    framework
    case "${STACK:-}" in [0-9]*) export PIP_UPLOADED_PRIOR_TO="$STACK" ;; esac
    install --retries 2 --constraint "$venv/pins.txt" --requirement "$asked"
fi
