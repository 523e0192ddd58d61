//! The empty text.

use std::io;
use std::time::Duration;

use super::disturbances::finish_all_while;
use crate::bench::Bench;
use crate::client::{Activity, Client};
use crate::diagnosis;
use crate::server::Server;
use crate::verdict::{Tally, Verdict};

const TRIES: usize = 3;

/// After this many failures in a row no more are needed.
const CERTAIN: usize = 2;

/// How long an empty text may take.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) fn empty(bench: &Bench) -> io::Result<Verdict> {
    let mut servers = (0..TRIES).map(|_| bench.server()).collect::<io::Result<Vec<_>>>()?;
    let mut tally = Tally::default();
    let mut fact = String::new();
    let clients = servers.iter().map(|server| bench.client(server.pid(), b""));
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    let activity =
        |(server, client): (&Server, &Client)| Activity::of(server.pid()).with(&[client.pid()]);
    let activities = servers.iter().zip(&clients).map(activity).collect();
    let endings = finish_all_while(&mut clients, activities, LIMIT);
    for (ending, server) in endings.into_iter().zip(&mut servers) {
        let is_passed = ending.is_end() && ending.crash().is_none() && server.ending().is_none();
        tally.count(is_passed);
        if let Some(ending) = server.ending() {
            fact = format!("the server {ending}");
        } else if !is_passed {
            fact = format!("the client {ending}");
        }
    }
    Ok(tally.verdict(String::new(), fact))
}

pub(super) fn after_empty(bench: &Bench) -> io::Result<Verdict> {
    let mut tally = Tally::default();
    let mut fact = String::new();
    for number in 0..TRIES {
        let mut server = bench.server()?;
        bench.client(server.pid(), b"")?.finish_with(server.pid(), LIMIT);
        let text = format!("after empty {number}").into_bytes();
        let delivery = bench.deliver_after(&mut server, &text)?;
        tally.count(delivery.is_shown);
        if !delivery.is_shown {
            fact = diagnosis::fact(&delivery);
        }
        if tally.of == CERTAIN && tally.passed == 0 {
            break;
        }
    }
    Ok(tally.verdict(String::new(), fact))
}
