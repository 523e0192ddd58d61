//! The cost of losses: a table in a snapshot, so that a change of the protocol shows as a
//! difference.

use std::fmt::Write as _;

use super::plan::{ClientPlan, Faults, Plan};
use super::world::World;
use crate::snapshot;
use minitalk_testing::Random;

const OCTETS: usize = 1_000;

/// Every client sends a thousand octets, with losses during the whole transfer.
fn plan(clients: usize, lost_per_million: u64) -> Plan {
    let text = |client: usize| {
        (0..OCTETS).map(|i| u8::try_from((i * 7 + client) % 251).unwrap_or(0)).collect()
    };
    let client = |index| ClientPlan {
        framed: true,
        message: 7 + u32::try_from(index).unwrap_or(0),
        text: text(index),
        chunk: 256,
        pairs: true,
        starts_at: 0,
        looks: false,
    };
    Plan {
        clients: (0..clients).map(client).collect(),
        places: clients,
        faults: Faults { hidden: lost_per_million, ..Faults::default() },
        octets_max: None,
        faults_end: u64::MAX,
    }
}

#[test]
fn losses_cost_what_they_cost_before() {
    let mut table = String::from(
        "1,000 octets from each client, in simulated time: 2 to 10 µs from a signal to its receiver.\n\
         Lost: symbols, of either direction, that a foreign signal hides. Means of 10 runs.\n\n\
         lost ‰  clients  octets/s  bits/octet  resent bits  repeated frames\n",
    );
    for lost_per_million in [0, 100, 300, 1_000] {
        for clients in [1, 2, 4, 6] {
            let (mut micros, mut octets, mut bits, mut resent, mut repeated) = (0, 0, 0, 0, 0);
            for seed in 0..10 {
                let plan = plan(clients, lost_per_million);
                let tally = World::new(plan, Random::new(seed), false).run().expect("a sound life");
                micros += tally.micros;
                octets += tally.octets;
                bits += tally.bits;
                resent += tally.resent_bits;
                repeated += tally.repeated_frames;
            }
            let per_second = octets * 1_000_000 / micros;
            let tenths = bits * 10 / octets.max(1);
            let _ = writeln!(
                table,
                "{:>4}.{}  {clients:>7}  {per_second:>8}  {:>8}.{}  {:>9}.{}  {:>13}.{}",
                lost_per_million / 1_000,
                lost_per_million / 100 % 10,
                tenths / 10,
                tenths % 10,
                resent / 10,
                resent % 10,
                repeated / 10,
                repeated % 10,
            );
        }
    }
    snapshot::assert_same("losses.txt", &table);
}

/// Clients that all begin at about the same time: framed ones, but one in every `classic` of them
/// is classic. If `looks`, each looks at the server before it repeats a bit.
fn crowd(clients: usize, classic: usize, looks: bool) -> Plan {
    let octet = |place: usize| u8::try_from(1 + place % 250).unwrap_or(1);
    let client = |index: usize| ClientPlan {
        message: 7 + u32::try_from(index).unwrap_or(0),
        framed: (index + 1).checked_rem(classic).is_none_or(|rest| rest > 0),
        text: (0..100).map(|place| octet(place * 7 + index)).collect(),
        chunk: 256,
        pairs: true,
        starts_at: u64::try_from(index).unwrap_or(0) * 37 % 5_000,
        looks,
    };
    let clients: Vec<ClientPlan> = (0..clients).map(client).collect();
    let places = clients.len();
    Plan { clients, places, faults: Faults::default(), octets_max: None, faults_end: 0 }
}

#[test]
fn a_crowd_costs_what_it_cost_before() {
    let mut table = String::from(
        "Clients that begin within 5 ms, 100 octets from each, in simulated time: 2 to 10 µs from a signal to its\n\
         receiver, and as many processors as processes. All are delivered. Means of 2 runs.\n\n\
         clients                  ms  octets/s  resent bits  repeated frames\n",
    );
    let kinds = [
        ("framed", 0, true, [1, 10, 100]),
        ("classic", 1, true, [1, 10, 100]),
        ("mixed", 2, true, [10, 100, 300]),
        ("framed, blind", 0, false, [1, 10, 100]),
    ];
    for (kind, classic, looks, counts) in kinds {
        for clients in counts {
            let (mut micros, mut octets, mut resent, mut repeated) = (0, 0, 0, 0);
            for seed in 0..2 {
                let plan = crowd(clients, classic, looks);
                let tally = World::new(plan, Random::new(seed), false).run().expect("a sound life");
                assert_eq!(tally.delivered, u64::try_from(clients).unwrap_or(0), "{tally:?}");
                micros += tally.micros;
                octets += tally.octets;
                resent += tally.resent_bits;
                repeated += tally.repeated_frames;
            }
            let _ = writeln!(
                table,
                "{clients:>7} {kind:<13} {:>7} {:>9} {:>10}.{} {:>14}.{}",
                micros / 2_000,
                octets * 1_000_000 / micros,
                resent / 2,
                resent * 5 % 10,
                repeated / 2,
                repeated * 5 % 10,
            );
        }
    }
    snapshot::assert_same("crowd.txt", &table);
}
