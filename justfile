# Every check of the project as a recipe. `just` lists them, `just check` runs those that need only stable Rust.

# The runner must have the same version as the library.
gungraun := `sed -n 's/^gungraun = "=\(.*\)"$/\1/p' Cargo.toml`

set shell := ["bash", "-euo", "pipefail", "-c"]

_list:
    @just --list --unsorted

# Real server, real client, your text: just demo Hello
demo *TEXT:
    cargo demo {{ TEXT }}

# All tests: units, properties, model, simulator, documentation, real processes
test *OPTIONS:
    cargo test --locked {{ OPTIONS }}

# Format, lints and documentation: warnings are errors
lint:
    cargo fmt --check
    cargo clippy --locked --workspace --all-targets --features minitalk-benches/instructions -- --deny warnings
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --package minitalk-core --no-deps --all-features
    for folder in fuzz witness hosts/c hosts/cortex-m hosts/web; do (cd $folder && cargo fmt --check); done
    cd fuzz && cargo clippy --locked --all-targets -- --deny warnings
    cd witness && cargo clippy --locked --release -- --deny warnings
    cd hosts/web && cargo clippy --locked -- --deny warnings
    cd hosts/c && cargo clippy --locked --release -- --deny warnings

# Everything compiles: benches, examples, the core with and without its features
build:
    cargo build --locked --workspace --all-targets
    cargo check --locked --package minitalk-core --all-features
    cargo check --locked --package minitalk-core --no-default-features

# The core with every combination of its features (needs cargo-hack)
features:
    @command -v cargo-hack >/dev/null || { echo "features: no cargo-hack: cargo install --locked cargo-hack"; exit 69; } >&2
    cargo hack check --locked --package minitalk-core --feature-powerset

# Every public type of the core implements defmt::Format
defmt:
    tools/defmt

# The core is ready for crates.io: packaged, built, and its tests and examples run from the package
package:
    tools/package

# The public API of the core compared with an earlier revision (needs cargo-semver-checks): just semver v0.2.0
semver *REVISION:
    tools/semver {{ REVISION }}

# No std, no allocation, no panic in the core: proved by the linker, with sizes
witness:
    tools/witness

# The same source on a Cortex-M3 in QEMU (needs a thumbv7m compiler, qemu-system-arm, defmt-print): just firmware cost
firmware *WHAT:
    tools/firmware {{ WHAT }}

# The C interface: header, library and examples agree (needs C and C++ compilers, cbindgen): just c firmware, just c riscv
c *WHAT:
    tools/c {{ WHAT }}

# The library for other processors: builds, cannot panic, sizes (needs Debian's compiler): just targets --check
targets *WHAT:
    tools/targets {{ WHAT }}

# The web page: a sender, a line that can lose signals, a receiver (needs a wasm32 compiler): just web check
web *WHAT:
    tools/web {{ WHAT }}

# The tester's report on a faulty pair, in a browser (needs chromium): just tester-report docs/tester.png
tester-report *FILES:
    tools/tester-report {{ FILES }}

# A Debian package of the three programs (needs cargo-deb): just deb check
deb *WHAT:
    tools/deb {{ WHAT }}

# The README's installation, command by command, in a fresh home (needs a C compiler, man-db)
fresh-account:
    tools/fresh-account

# Throughput in bits per second
bench *OPTIONS:
    cargo bench --locked --package minitalk-benches {{ OPTIONS }}

# The tables of docs/performance.md, measured now
compare *OPTIONS:
    cargo run --locked --release --package minitalk-benches --bin compare -- {{ OPTIONS }}

# The HDLC deframer compared with other decoders, programs as docs/hdlc.md describes: just decoders NAME=PROGRAM
decoders *PROGRAMS:
    cargo run --locked --release --package minitalk-benches --bin decoders -- {{ PROGRAMS }}

# Instructions per bit against their budget (needs valgrind, gungraun-runner)
instructions *OPTIONS:
    @command -v valgrind >/dev/null || { echo "instructions: no valgrind: apt-get install valgrind"; exit 69; } >&2
    @command -v gungraun-runner >/dev/null || { echo "instructions: no gungraun-runner: cargo install --locked gungraun-runner --version {{ gungraun }}"; exit 69; } >&2
    cargo bench --locked --package minitalk-benches --features instructions --bench instructions -- {{ OPTIONS }}

# Fuzz one target for some seconds (needs cargo-fuzz): just fuzz session 60
fuzz TARGET="decoder" SECONDS="30" SANITIZER="none":
    MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TRIM_THRESHOLD_=1000000000 cargo fuzz run --sanitizer {{ SANITIZER }} --no-trace-compares {{ TARGET }} -- -max_total_time={{ SECONDS }}

# Breaks rules of the protocol in a copy of the core: the fuzz target `damage` must notice (needs cargo-fuzz)
break-rules *NAMES:
    tools/break-rules {{ NAMES }}

# Changes one operator or result of the core at a time: a test must fail (needs cargo-mutants): just mutants --quick --shard 3/20
mutants *OPTIONS:
    tools/mutants {{ OPTIONS }}

# The long runs: model, simulator, dialects, killed processes and storms
long: long-model long-lives long-dialects long-faults

# The model with one more fault in every setup
long-model:
    MODEL_MORE=1 cargo test --locked --package minitalk-core --lib model -- --include-ignored --nocapture

# A million lives in the simulator
long-lives:
    SEEDS=1000000 cargo test --locked --package minitalk-core --test it in_no_life -- --nocapture

# Our two programs in every dialect they support
long-dialects:
    ALL_DIALECTS=1 cargo test --locked --package minitalk-harness --test it our_two_programs -- --nocapture

# Either end killed a hundred times, long storms, delays in many places: cargo test does fewer of these
long-faults:
    MINITALK_LONG=1 cargo test --locked --package minitalk-harness --test faults --test strangers -- --nocapture

# The coverage of the core by the fuzz corpus (needs cargo-fuzz, llvm-cov); of every crate by its tests: just coverage --tests
coverage *OPTIONS:
    tools/coverage {{ OPTIONS }}

# Licences and sources (needs cargo-deny), unused dependencies (cargo-machete), spelling (typos)
supply:
    typos
    cargo machete
    for folder in . fuzz witness hosts/c hosts/cortex-m hosts/web; do cargo deny --config deny.toml --manifest-path $folder/Cargo.toml --locked check bans licenses sources; done

# Everything that needs only stable Rust
check: lint build defmt test package witness
