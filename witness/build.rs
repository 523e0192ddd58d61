//! Links without any library, so that a missing symbol is reported.

fn main() {
    for argument in ["-nostartfiles", "-nostdlib", "-Wl,-z,defs", "-Wl,--gc-sections"] {
        println!("cargo::rustc-link-arg={argument}");
    }
    // Functions that a compiler may call for any copy or comparison; nothing here is ever run.
    for function in ["memcpy", "memmove", "memset", "memcmp", "bcmp"] {
        println!("cargo::rustc-link-arg=-Wl,--defsym={function}=0");
    }
}
