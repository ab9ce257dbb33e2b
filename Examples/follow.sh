#!/usr/bin/env bash
# Runs a command on each change of a resource of Megaphone. --help prints the usage.
set -euo pipefail

usage() {
    cat <<'END'
usage: follow.sh URL COMMAND [ARGUMENT]...

Runs COMMAND with the present state of URL on its standard input, and again after each change. The state is the body
of the response to GET. A channel that does not exist has a state too: {"code":404,...}.

    export MEGAPHONE_TOKEN=quux
    ./follow.sh http://127.0.0.1:8000/v1/broadcasts/test jq .broadcasts

One COMMAND runs at a time. States that come while it runs may be skipped, except the last. If COMMAND fails, it is
run again with the state of that moment. Errors are reported on standard error; the next attempt follows after a pause
of 1 to 30 seconds. On SIGINT or SIGTERM, the script waits until COMMAND has ended and exits with 0.

environment:
  MEGAPHONE_TOKEN  the reader's token; without it, none is sent
END
}

say() {
    echo "follow.sh: $*" >&2
}

case ${1-} in
    -h | --help)
        usage
        exit 0
        ;;
esac
if [ $# -lt 2 ]; then
    usage >&2
    exit 64
fi
url=$1
shift
if ! command -v "$1" >/dev/null; then
    say "command not found: $1"
    exit 127
fi

folder=$(mktemp -d)
child=
finish() {
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || true
        wait "$child" || true
    fi
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 0' INT TERM

# Runs a program in the background and waits for it. During `wait`, bash handles a signal immediately; while a program
# runs in the foreground, it does not.
run() {
    local status=0
    "$@" &
    child=$!
    wait "$child" || status=$?
    child=
    return "$status"
}

# Makes any state a change: no resource has this tag. (Without a tag, the server would wait for an absent channel.)
forget() {
    echo '"none"' >"$folder/etag"
    rm -f "$folder/body"
}

# Requests the state. While it has the tag in the file `etag`, the server waits up to 40 seconds for a change.
# --max-time ends a wait whose connection is dead. The tag has two files, because curl empties the file that it saves
# to before it sends the request.
request() {
    run curl --silent --show-error --globoff --connect-timeout 10 --max-time 60 --header "@$folder/header" \
        --header 'Prefer: wait=40' --etag-compare "$folder/etag" --etag-save "$folder/new-etag" \
        --output "$folder/new-body" --write-out '%{http_code} %{content_type}\n' --url "$url" >"$folder/result"
}

# Runs the command if the response to the request contains a new state.
handle() {
    local result
    read -r result <"$folder/result"
    changed=no
    case $result in
        304*) return 0 ;;
        "200 application/json"* | "404 application/json"*) ;;
        *)
            say "unexpected response: $result"
            return 1
            ;;
    esac
    if ! cmp --silent "$folder/new-body" "$folder/body"; then
        changed=yes
        if ! "$@" <"$folder/new-body"; then
            say "$1 failed"
            forget
            return 1
        fi
    fi
    mv "$folder/new-body" "$folder/body"
    mv "$folder/new-etag" "$folder/etag"
}

# The token is in a file, because all users of a machine can read the arguments of a process.
printf '%s' "${MEGAPHONE_TOKEN:+Authorization: Bearer $MEGAPHONE_TOKEN}" >"$folder/header"
forget
pause=1
while true; do
    started=$SECONDS
    if request && handle "$@"; then
        pause=1
        # A server that does not wait is asked once a second.
        if [ "$changed" = no ] && [ $((SECONDS - started)) -lt 2 ]; then run sleep 1; fi
    else
        run sleep "$pause"
        pause=$((pause < 15 ? 2 * pause : 30))
    fi
done
