#!/usr/bin/env bash
# Changes the code of the layers that everything rests on, one small change at a time, and tells which no test notices.
#
#   tests/mutants.sh integrity [ARG…]   src/integrity, in a crate of its own with the tests that need nothing else
#   tests/mutants.sh ledger [ARG…]      src/event/chain.rs and src/ledger/verify, with the tests about attacks; ARGs go to
#                                       cargo-mutants: `--shard 0/8`, `--file src/ledger/verify/fold.rs`, `--re …`
#
# Needs cargo-mutants, and cargo-nextest for the second. What was found is in tests/README.md.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
attacks='test(/^(attacks|kept_facts|witnesses|proofs|export|erase|personal)::/) | test(/^(event|ledger)::/)'

case "${1:-}" in
integrity)
    shift
    work=${TMPDIR:-/tmp}/servanda-mutants
    rm -rf "$work/src" "$work/tests"
    mkdir -p "$work/src" "$work/tests"
    cp -r "$root/src/integrity" "$work/src/"
    cp "$root/tests/it/merkle.rs" "$root/Cargo.lock" "$work/"
    mv "$work/merkle.rs" "$work/tests/"
    echo 'pub mod integrity;' > "$work/src/lib.rs"
    {
        printf '[package]\nname = "servanda"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n'
        grep -E '^(base64|blake3|ed25519-dalek|schemars|serde|serde_json|sha2|ssh-key|thiserror|rayon|ct-merkle) =' "$root/Cargo.toml"
        printf '\n[profile.dev]\ndebug = false\nopt-level = 1\n[profile.dev.package."*"]\nopt-level = 2\n'
    } > "$work/Cargo.toml"
    cd "$work"
    exec cargo mutants --in-place --timeout 30 --colors never "$@"
    ;;
ledger)
    shift
    cd "$root"
    # Unless other files are named.
    [[ " $* " == *" --file "* ]] || set -- --file src/event/chain.rs --file 'src/ledger/verify/*.rs' "$@"
    exec cargo mutants --test-tool nextest --cargo-arg=--lib --cargo-arg=--test=it --timeout 300 --colors never "$@" -- -E "$attacks"
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
