# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
# Long steps with signs of life. To be sourced.
# shellcheck shell=bash

# step TEXT LOG COMMAND...: runs a command with its output in a log file and one line of progress:
# the elapsed seconds, and ninja's [n/m]. Returns its status; a failed one's last lines are printed.
step() {
  local text=$1 log=$2 begun=$SECONDS pid status shown=0 counter result=FAILED
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # Background jobs of a script ignore Ctrl-C.
  trap 'kill -TERM "$pid" 2>/dev/null; wait "$pid"; exit 130' INT TERM HUP
  while kill -0 "$pid" 2>/dev/null; do
    counter=$(grep -o '^\[[0-9]*/[0-9]*\]' "$log" 2>/dev/null | tail -n 1)
    if [ -t 1 ]; then
      printf '\r%s ... %s s %s ' "$text" "$((SECONDS - begun))" "$counter"
    elif [ $((SECONDS - begun)) -ge $((shown + 15)) ]; then
      shown=$((SECONDS - begun))
      printf '%s ... %s s %s\n' "$text" "$shown" "$counter"
    fi
    read -rt 0.3 <><(:) || :
  done
  wait "$pid"
  status=$?
  trap - INT TERM HUP
  [ -t 1 ] && printf '\r'
  [ "$status" -eq 0 ] && result="done"
  printf '%s: %s (%s s)          \n' "$text" "$result" "$((SECONDS - begun))"
  if [ "$status" -ne 0 ]; then
    tail -n 25 "$log" >&2
    printf '%s failed; the whole output is in %s\n' "$text" "$log" >&2
  fi
  return "$status"
}
