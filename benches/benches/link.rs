//! Sender and receiver in memory: what the protocol itself costs, without a kernel.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use minitalk_benches::link::transfer;
use minitalk_benches::octets;

const OCTETS: usize = 16 * 1024;

fn link(criterion: &mut Criterion) {
    let octets = octets(OCTETS);
    assert_eq!(transfer(&octets), OCTETS);
    let mut group = criterion.benchmark_group("link");
    group.throughput(Throughput::Bits(8 * OCTETS as u64));
    group.bench_function("payload", |b| b.iter(|| transfer(black_box(&octets))));
    group.finish();
}

criterion_group!(benches, link);
criterion_main!(benches);
