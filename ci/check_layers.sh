#!/bin/bash
# Proves the order of the layers: a folder of src/ includes only headers of its
# own, of folders before it, and of src/ itself, whose headers include no
# folder's.  Headers of the server lie in folders of other names.
set -euo pipefail
cd "$(dirname "$0")/../src"

order=(http stream decode record csv json api row reject scan merge load
	deadletter job)
declare -A rank=([.]=-1)
for i in "${!order[@]}"; do rank[${order[i]}]=$i; done

status=0
while IFS=: read -r file line included; do
	from=$(dirname "$file")
	if [ -z "${rank[$from]:-}" ]; then
		echo "src/$file: folder \"$from\" has no place in the order of layers"
		status=1
	elif [ "${rank[$included]:--1}" -gt "${rank[$from]}" ]; then
		echo "src/$file:$line: \"$from\" must not include from \"$included\""
		status=1
	fi
done < <(grep -snoP '^\s*#\s*include\s*"\K[^"/]+(?=/)' ./*.h ./*/*.[ch] |
	sed 's#^\./##')
exit $status
