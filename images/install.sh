#!/bin/sh
# Installs a contender's packages into a virtual environment: run by the Dockerfiles and by the process engine.
#
#     VERSION= VARIANT= EXTRAS= INDEX= PINS= sh install.sh VENV REQUIREMENTS LOCKS WHEELHOUSE
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

for pin in $PINS; do echo "$pin"; done > "$venv/pins.txt"

if [ -f "$locks/$lock" ]; then
    grep "^$name==" "$locks/$lock" > "$venv/framework.txt"
    framework --require-hashes --only-binary :all:
    install --require-hashes --only-binary :all: --no-deps --retries 2 --requirement "$locks/$lock"
    echo "$lock" > "$venv/bakeoff-lock"
else
    echo "no lock named $lock: pip resolves"
    echo "$line" > "$venv/framework.txt"
    framework
    install --retries 2 --constraint "$venv/pins.txt" --requirement "$requirements"
fi
