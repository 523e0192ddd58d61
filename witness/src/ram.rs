//! What each type takes in RAM, as objects of its size that `nm` lists.

use core::sync::atomic::AtomicU8;

use minitalk_core::detect::Detector;
use minitalk_core::exchange::Place;
use minitalk_core::frame::{CONTENT_OCTETS_MAX, FRAME_OCTETS_MAX};
use minitalk_core::{Exchange, Pinger, Receiver, Sender, classic, hdlc};

macro_rules! ram {
    ($($name:ident: $type:ty;)*) => {$(
        #[unsafe(no_mangle)]
        static $name: [AtomicU8; size_of::<$type>()] = [const { AtomicU8::new(0) }; _];
    )*};
}

ram! {
    RAM_DEFRAMER_FOR_64_OCTETS: hdlc::Deframer<64>;
    RAM_DEFRAMER: hdlc::Deframer<FRAME_OCTETS_MAX>;
    RAM_CLASSIC_DECODER: classic::Decoder;
    RAM_CLASSIC_GUESS: classic::Guess;
    RAM_CLASSIC_UNDERSTANDING: classic::Understanding;
    RAM_CLASSIC_RECEIVER: classic::TextReceiver;
    RAM_CLASSIC_SENDER: classic::TextSender<'static>;
    RAM_DETECTOR: Detector;
    RAM_PINGER: Pinger;
    RAM_PLACE: Place<FRAME_OCTETS_MAX>;
    RAM_RECEIVER: Receiver<FRAME_OCTETS_MAX>;
    RAM_SENDER: Sender<CONTENT_OCTETS_MAX>;
    RAM_EXCHANGE_OF_4: Exchange<[Place<FRAME_OCTETS_MAX>; 4], FRAME_OCTETS_MAX>;
}
