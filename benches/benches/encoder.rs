//! Octets into bits, as each sender does it.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use minitalk_benches::{classic_bits, framed_bits, octets, text};
use minitalk_core::classic::{Dialect, Encoder};
use minitalk_core::hdlc::Framer;

const OCTETS: usize = 16 * 1024;

fn encoder(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encoder");
    let text = text(OCTETS);
    group.throughput(Throughput::Bits(classic_bits(&text).len() as u64));
    group.bench_function("classic", |b| {
        b.iter(|| {
            Encoder::new(Dialect::DEFAULT, black_box(&text))
                .expect("no NUL")
                .map(u8::from)
                .fold(0, u8::wrapping_add)
        });
    });
    let octets = octets(OCTETS);
    group.throughput(Throughput::Bits(framed_bits(&octets, 256).len() as u64));
    group.bench_function("framed", |b| {
        b.iter(|| {
            black_box(&octets)
                .chunks(256)
                .flat_map(Framer::new)
                .map(u8::from)
                .fold(0, u8::wrapping_add)
        });
    });
    group.finish();
}

criterion_group!(benches, encoder);
criterion_main!(benches);
