#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
#
# The README's configuration is one.
#   readme_config.sh IKELBD
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
file=$(mktemp)
trap 'rm -f "$file"' EXIT
# shellcheck disable=SC2016
sed -n '/^```yaml$/,/^```$/p' "$root/README.md" | grep -v '^```' >"$file"
test -s "$file"
"$1" --check --config "$file"
