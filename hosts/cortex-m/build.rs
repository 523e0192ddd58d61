//! Tells the linker where memory and interrupt handlers are.

use std::path::PathBuf;
use std::{env, error::Error, fs};

const MEMORY: &str = "
MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 256K
  RAM : ORIGIN = 0x20000000, LENGTH = 64K
}
";

const HANDLERS: &str = "
PROVIDE(LINE_ZERO = DefaultHandler);
PROVIDE(LINE_ONE = DefaultHandler);
PROVIDE(ACK_ZERO = DefaultHandler);
PROVIDE(ACK_ONE = DefaultHandler);
";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(folder.join("memory.x"), MEMORY)?;
    fs::write(folder.join("device.x"), HANDLERS)?;
    println!("cargo::rustc-link-search={}", folder.display());
    for script in ["link.x", "defmt.x"] {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
