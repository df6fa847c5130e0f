#!/bin/bash
# Fails if clang-format would change a C file.
set -euo pipefail
cd "$(dirname "$0")/.."
find src test -name '*.[ch]' -print0 |
	xargs -0 -r clang-format --dry-run -Werror
