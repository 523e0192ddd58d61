//! The tester with real pairs: small ones in C, each with one fault.

mod causes;
mod common;
mod ends;
mod framed;
mod relay;
mod report;
mod right;
