#!/usr/bin/env bash
# Compiles contracts/src and writes contracts/artifacts/ and abi/, which are committed, so that
# neither `make demo` nor `make test` needs a Solidity toolchain.
#   contracts/build.sh           rebuild and write
#   contracts/build.sh --check   rebuild and fail where the committed files differ
set -euo pipefail

case "${1-}" in
  "" | --check) mode=${1-} ;;
  *) echo "contracts/build.sh: unknown argument '$1'; allowed: --check" >&2; exit 2 ;;
esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
toolchain="$root/.tools/contracts"
"$root/.ci/npm-tree" "$here" "$toolchain"

# A fresh stage for each run: the same relative paths in every clone, and no cache to trust.
stage=$(mktemp -d "$root/.tools/contracts-build.XXXXXX")
trap 'rm -rf "$stage"' EXIT
cp -r "$here/src" "$here/foundry.toml" "$here/solc" "$stage/"
ln -s "$toolchain/node_modules" "$stage/node_modules"

forge=$(echo "$toolchain"/node_modules/@foundry-rs/forge-*/bin/forge)
[ -x "$forge" ] || { echo "contracts/build.sh: npm has no forge for $(uname -sm)" >&2; exit 1; }
(cd "$stage" && FOUNDRY_DISABLE_NIGHTLY_WARNING=1 "$forge" build --offline --use "$stage/solc")

if [ "$mode" != --check ]; then
  node "$here/artifacts.js" "$stage/out" "$root"
  echo "contracts: wrote contracts/artifacts and abi"
  exit
fi
node "$here/artifacts.js" "$stage/out" "$stage/fresh"
stale=0
while IFS= read -r file; do
  cmp -s "$stage/fresh/$file" "$root/$file" || { echo "contracts: $file is not what contracts/src compiles to" >&2; stale=1; }
done < <(cd "$stage/fresh" && find . -type f -name '*.json' | sed 's|^\./||' | sort)
[ "$stale" = 0 ] || { echo "contracts: run contracts/build.sh and commit the result" >&2; exit 1; }
echo "contracts: committed artefacts match the sources"
