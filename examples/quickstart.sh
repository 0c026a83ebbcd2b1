#!/usr/bin/env bash
# The main job: train a network on handwritten digits, evaluate it, predict with
# it, compile it to a native executable and run that.
#   quickstart.sh [FOLDER]    FOLDER, made if need be, takes what is written
set -euo pipefail
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:-.}"
cd "${1:-.}"

# step COMMAND...: shows the command, then runs it.
step() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# All 1,437 samples of the training part train; the 360 of the test part are apart.
step nnc train "$examples/digits.nn" --validation none -o digits.nnm
step nnc evaluate digits.nnm --data digits --require 'accuracy>=0.96'
step nnc predict digits.nnm --input "$examples/digits.csv" -o predicted.csv
step nnc compile digits.nnm -o digits
step ./digits "$examples/digits.csv" -o compiled.csv
step cmp predicted.csv compiled.csv
