#!/usr/bin/env bash
# hidden.sh PREFIX SOURCE BUILD: runs the quick start with a copy of the
# installation at PREFIX while SOURCE and BUILD are empty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -r "$1" "$folder/prefix"
cp -r "$2/examples" "$folder/examples"
export folder source=$2 build=$3
export PATH=$folder/prefix/bin:/usr/bin:/bin NNC_CACHE=off
# shellcheck disable=SC2016 # The variables are those of the inner shell.
unshare --map-root-user --mount bash -euo pipefail -c '
  cd "$folder"
  for hidden in "$build" "$source"; do
    mount -t tmpfs none "$hidden"
    [ -z "$(ls -A "$hidden")" ]
    echo "hidden: $hidden"
  done
  examples/quickstart.sh work
  echo done'
