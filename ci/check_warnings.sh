#!/bin/bash
# Builds with gcc and with clang in a scratch directory; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# build COMPILER FLAG...
build() {
	local compiler=$1
	shift
	mkdir "$scratch/$compiler"
	cp -r Makefile pg_etl.control src sql "$scratch/$compiler"
	find "$scratch/$compiler" -name '*.o' -delete
	make -s -C "$scratch/$compiler" -j"$(nproc)" CC="$compiler" \
		COPT="-Werror $*" all
}

build gcc
# PGXS hands on the options of the compiler that built the server
build clang -Wno-unknown-warning-option -Wno-ignored-optimization-argument \
	-Wno-ignored-attributes
