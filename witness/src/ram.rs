//! How much RAM each type takes, and where: as statics with their initial values, which `nm` lists.
//! A static that is all zeros lies in `.bss` and takes nothing in flash.

use minitalk_core::classic::{Decoder, Dialect, Guess, TextReceiver, TextSender, Understanding};
use minitalk_core::detect::Detector;
use minitalk_core::exchange::Place;
use minitalk_core::frame::{FRAME_OCTETS_MAX, octets_for};
use minitalk_core::{Exchange, Pinger, Receiver, Sender, hdlc};

use core::mem::MaybeUninit;

macro_rules! ram {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[unsafe(no_mangle)]
        static mut $name: $type = $value;
    )*};
}

ram! {
    RAM_DEFRAMER_FOR_64_OCTETS: hdlc::Deframer<64> = hdlc::Deframer::new();
    RAM_DEFRAMER: hdlc::Deframer = hdlc::Deframer::new();
    RAM_RECEIVER: Receiver = Receiver::new();
    RAM_RECEIVER_FOR_32_OCTETS: Receiver<{ octets_for(32) }> = Receiver::short();
    RAM_SENDER: Sender = Sender::new(0, None);
    RAM_PLACE: Place = Place::FREE;
    RAM_CLASSIC_DECODER: Decoder = Decoder::new(Dialect::DEFAULT);
    RAM_CLASSIC_RECEIVER: TextReceiver = TextReceiver::new(Dialect::DEFAULT);
    RAM_EXCHANGE_OF_4: Exchange<[Place; 4], FRAME_OCTETS_MAX> =
        Exchange::new(Dialect::DEFAULT, [const { Place::FREE }; 4]);
    // These have no const constructor.
    RAM_CLASSIC_GUESS: MaybeUninit<Guess> = MaybeUninit::uninit();
    RAM_CLASSIC_UNDERSTANDING: MaybeUninit<Understanding> = MaybeUninit::uninit();
    RAM_CLASSIC_SENDER: MaybeUninit<TextSender<'static>> = MaybeUninit::uninit();
    RAM_DETECTOR: MaybeUninit<Detector> = MaybeUninit::uninit();
    RAM_PINGER: MaybeUninit<Pinger> = MaybeUninit::uninit();
}
