#!/bin/sh
# Says in one sentence what is missing before anything is installed.
python=$1
fail() {
	echo "make setup: $1" >&2
	exit 1
}
command -v "$python" >/dev/null 2>&1 ||
	fail "$python is not there; install Python 3.11 or 3.12, or name one: make setup PYTHON=/path/to/python3.11."
"$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' ||
	fail "$("$python" --version) is neither 3.11 nor 3.12; name another: make setup PYTHON=/path/to/python3.11."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
	fail "this Python cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv."
