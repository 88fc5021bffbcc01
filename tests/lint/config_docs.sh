#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
#
# The configuration's documents are printed from the rows in config/*.h and must not differ from it.
#   config_docs.sh CONFIG_DOC [--write]    CONFIG_DOC: the built config/config_doc
set -eu
config_doc=$1
mode=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

check() { # FORMAT FILE
    "$config_doc" "$1" >"$work/printed"
    if [ "$mode" = --write ]; then
        cp "$work/printed" "$root/$2"
    elif ! diff -u "$root/$2" "$work/printed"; then
        echo "$2 differs from the rows in config/*.h: run $0 $config_doc --write" >&2
        status=1
    fi
}

check markdown docs/configuration.md
check yaml config/reference.yaml
exit $status
