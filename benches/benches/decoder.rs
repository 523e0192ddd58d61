//! One bit at a time into each decoder, next to a bare shift register as the yardstick.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use minitalk_benches::{classic_bits, framed_bits, octets, text};
use minitalk_core::Bit;
use minitalk_core::classic::{self, Dialect};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::hdlc::{self, Deframer};

const OCTETS: usize = 16 * 1024;

/// The least that any decoder must do: shift each bit in, take an octet every eighth time.
fn shift_register(bits: &[Bit]) -> u32 {
    let (mut octet, mut count, mut sum) = (0_u8, 0_u8, 0_u32);
    for &bit in bits {
        octet = octet << 1 | u8::from(bit);
        count += 1;
        if count == 8 {
            sum = sum.wrapping_add(u32::from(octet));
            count = 0;
        }
    }
    sum
}

fn classic(bits: &[Bit]) -> u32 {
    let mut decoder = classic::Decoder::new(Dialect::DEFAULT);
    let mut sum = 0_u32;
    for &bit in bits {
        if let classic::Decoded::Byte(byte) = decoder.feed(bit) {
            sum = sum.wrapping_add(u32::from(byte));
        }
    }
    sum
}

fn framed(bits: &[Bit]) -> usize {
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    let mut sum = 0_usize;
    for &bit in bits {
        if let Ok(hdlc::Deframed::Frame(frame)) = deframer.feed(bit) {
            sum += frame.len();
        }
    }
    sum
}

fn decoder(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decoder");
    let bits = classic_bits(&text(OCTETS));
    group.throughput(Throughput::Bits(bits.len() as u64));
    group.bench_function("shift register", |b| b.iter(|| shift_register(black_box(&bits))));
    group.bench_function("classic", |b| b.iter(|| classic(black_box(&bits))));
    let bits = framed_bits(&octets(OCTETS), 256);
    assert_eq!(framed(&bits), OCTETS);
    group.throughput(Throughput::Bits(bits.len() as u64));
    group.bench_function("framed", |b| b.iter(|| framed(black_box(&bits))));
    group.finish();
}

criterion_group!(benches, decoder);
criterion_main!(benches);
