//! Peers written from `docs/protocol.md`: what can be observed of each rule from outside, section
//! by section.

mod bits;
mod client;
mod server;

use std::io;

use crate::bench::Bench;
use crate::checks::{Check, Group};
use crate::verdict::Verdict;

/// The checks of a framed peer, in the order of the sections.
#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    server("3-mark", "3: each bit of a mark is acknowledged", server::mark),
    server("3-alternation", "3: after the mark acknowledgments alternate", server::alternation),
    server("4-fcs", "4: a frame with a wrong FCS is dropped", server::wrong_fcs),
    server("4-octets", "4: a frame with another length is dropped", server::wrong_octets),
    server("4-address", "4: a frame with another address is dropped", server::wrong_address),
    server("4-control", "4: a frame with another control is dropped", server::wrong_control),
    server("4-long", "4: a frame that is too long is dropped", server::too_long),
    server("4-abort", "4: seven ones abort a frame", server::abort),
    server("4-version", "4: another version is refused with code 6", server::version),
    server("4-coding", "4: an unknown coding is refused with code 9", server::coding),
    server("6-accepted", "6: a good frame is accepted", server::accepted),
    server("6-written", "6: what is accepted is written", server::written),
    server("6-next", "6: the flag of a verdict opens the next frame", server::next),
    server("8-repeated", "8: a repeated frame is not delivered again", server::repeated),
    server("8-several", "8: a message of several frames", server::several),
    server("8-order", "8: a frame out of order is refused with code 7", server::out_of_order),
    server("8-length", "8: another length is refused with code 12", server::length),
    server("8-check", "8: a wrong check is refused with code 12", server::check),
    server("10-admission", "10: who would die of it is not acknowledged", server::admission),
    client("3-mark", "3: a message begins with a mark of eight ones", client::mark),
    client("4-frames", "4: its frames are good and hold the text", client::frames),
    client("5-waits", "5: it waits for each acknowledgment", client::waits),
    client("6-receipt", "6: it ends in good order when it is accepted", client::receipt),
    client("6-refused", "6: it ends in another way when it is refused", client::refused),
    client("7-repeats", "7: a frame that is damaged is sent again", client::repeats),
    client("7-mark", "7: a repetition begins with sixteen ones", client::long_mark),
    client("7-resends", "7: a bit whose answer is lost is sent again", client::resends),
    client("7-doubled", "7: a bit that arrives twice is repaired", client::doubled),
    client("10-admission", "10: who would die of it is sent nothing", client::admission),
];

type Run = fn(&Bench) -> io::Result<Verdict>;

const fn server(name: &'static str, sentence: &'static str, run: Run) -> Check {
    Check { name, group: Group::FramedServer, sentence, is_alone: true, run }
}

const fn client(name: &'static str, sentence: &'static str, run: Run) -> Check {
    Check { name, group: Group::FramedClient, sentence, is_alone: true, run }
}
