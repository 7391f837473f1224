#!/usr/bin/env bash
# Calls that have one place each. Prints the reason and what to use instead.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
forbid() { # PATTERN ALLOWED-FILES REASON
  local hits
  hits=$(grep -rnE "$1" src --include=*.cpp --include=*.h | grep -vE "$2" || true)
  [ -z "$hits" ] && return
  printf '%s\n  -> %s\n' "$hits" "$3"
  failed=1
}
forbid 'system_clock::now' '^src/base/time' 'time comes from the injected Clock (base/time.h), so that tests can move it'
forbid '\bgetenv\(' '^src/app/(config|commands/doctor)\.cpp|^src/engines/document/(ocr|line/reader)' 'settings come from app/config, parsed once'
forbid '#include "\.\./' '^$' 'include by layer ("http/router.h"): a relative path would slip past the layers'
forbid '\b(rand|srand|mt19937)\b' '^src/engines/specimen/|^src/imaging/|^src/engines/' 'randomness comes from base/random.h'
forbid 'std::(cout|cerr)' '^$' 'output goes through telemetry/log.h or app/cli.h'
exit $failed
