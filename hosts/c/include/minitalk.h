/* minitalk: octets over a channel with only two symbols.
 *
 * The C interface of minitalk-core. No allocation, no libc, no floating point, no locks; every call
 * takes a short, bounded time and may be made in an interrupt or a signal handler, provided that no
 * two calls work on the same object at once. Bits are `bool`: false is the symbol 0, true is 1.
 * Times are microseconds that never run backwards; a resolution of 1 ms is enough.
 *
 * The caller provides the memory of the objects, with the size and alignment of the types below.
 * Each type has an `_init` function, which must be called first and may be called again at any
 * time. No pointer may be NULL unless its function says so.
 *
 * C99 or later, C++11 or later. Link with libminitalk_c.a.
 */
#ifndef MINITALK_H
#define MINITALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Octets of memory. The library does not compile if one of its types needs more. */
#define MINITALK_DEFRAMER_OCTETS 320
#define MINITALK_FRAMER_OCTETS 64
#define MINITALK_DEFRAMER16_OCTETS 376
#define MINITALK_FRAMER16_OCTETS 64
#define MINITALK_DECODER_OCTETS 48
#define MINITALK_ENCODER_OCTETS 112
#define MINITALK_RECEIVER_OCTETS 432
#define MINITALK_SENDER_OCTETS 528

typedef struct { uint64_t opaque[MINITALK_DEFRAMER_OCTETS / 8]; } minitalk_deframer;
typedef struct { uint64_t opaque[MINITALK_FRAMER_OCTETS / 8]; } minitalk_framer;
typedef struct { uint64_t opaque[MINITALK_DEFRAMER16_OCTETS / 8]; } minitalk_deframer16;
typedef struct { uint64_t opaque[MINITALK_FRAMER16_OCTETS / 8]; } minitalk_framer16;
typedef struct { uint64_t opaque[MINITALK_DECODER_OCTETS / 8]; } minitalk_decoder;
typedef struct { uint64_t opaque[MINITALK_ENCODER_OCTETS / 8]; } minitalk_encoder;
typedef struct { uint64_t opaque[MINITALK_RECEIVER_OCTETS / 8]; } minitalk_receiver;
typedef struct { uint64_t opaque[MINITALK_SENDER_OCTETS / 8]; } minitalk_sender;

/* A call that may have a bit for the line returns one of these two, or MINITALK_NOTHING. */
#define MINITALK_ZERO 0
#define MINITALK_ONE 1
#define MINITALK_NOTHING (-1)

/* ---- Frames without a link: flags, zero-bit insertion, FCS-32 (RFC 1662) ---- */

/* What minitalk_deframer_feed returns. */
#define MINITALK_PENDING 0     /* nothing yet */
#define MINITALK_FLAG 1        /* a flag that closed nothing */
#define MINITALK_FRAME 2       /* a flag that closed a frame with a good FCS */
#define MINITALK_ABORTED (-2)  /* seven ones: the sender aborted the frame */
#define MINITALK_BAD_FCS (-3)  /* the frame check sequence is wrong */
#define MINITALK_TOO_LONG (-4) /* more octets than MINITALK_CONTENT_OCTETS_MAX */
#define MINITALK_NOISE (-5)    /* the bits between two flags are not a frame */

/* The most octets of content that a deframer accepts, not counting the FCS. */
#define MINITALK_CONTENT_OCTETS_MAX 278

void minitalk_deframer_init(minitalk_deframer *deframer);

/* Takes the next bit from the line. After an error just go on: it recovers by itself. */
int32_t minitalk_deframer_feed(minitalk_deframer *deframer, bool one);

/* The content of the last complete frame, without its FCS; NULL if there is none. Valid until the
 * next octet overwrites it. */
const uint8_t *minitalk_deframer_frame(const minitalk_deframer *deframer, size_t *octets);

/* A frame with this content, which must stay in place until all bits have been taken. `content`
 * may be NULL if `octets` is 0. Without `opening_flag` the frame follows the closing flag of
 * another. */
void minitalk_framer_init(minitalk_framer *framer, const uint8_t *content, size_t octets,
                          bool opening_flag);

/* The next bit, or MINITALK_NOTHING after the last bit of the closing flag. */
int32_t minitalk_framer_next(minitalk_framer *framer);

/* ---- The same with an FCS of 16 bits, for AX.25, X.25 and PPP: docs/hdlc.md ---- */

/* The most octets of content, not counting the FCS: ten AX.25 addresses, 2 octets, 256 of text. */
#define MINITALK_CONTENT16_OCTETS_MAX 328

void minitalk_deframer16_init(minitalk_deframer16 *deframer);

/* Like minitalk_deframer_feed. */
int32_t minitalk_deframer16_feed(minitalk_deframer16 *deframer, bool one);

/* Like minitalk_deframer_frame. The content begins with address and control. */
const uint8_t *minitalk_deframer16_frame(const minitalk_deframer16 *deframer, size_t *octets);

/* Like minitalk_framer_init. */
void minitalk_framer16_init(minitalk_framer16 *framer, const uint8_t *content, size_t octets,
                            bool opening_flag);

/* Like minitalk_framer_next. */
int32_t minitalk_framer16_next(minitalk_framer16 *framer);

/* ---- Classic: eight bits per byte ---- */

/* What minitalk_decoder_feed returns if not a byte, 0 to 255. */
#define MINITALK_PART (-6) /* eight bits that are not text: of a length, or from before the text */
#define MINITALK_END (-7)  /* the message is complete */
#define MINITALK_LAST 256  /* added to the last byte of a message with a length */

/* Reads messages in the dialect described by a string such as "order=lsb,end=length32"
 * (docs/protocol.md, section 2), or in the usual one if it is NULL. False if there is no such
 * dialect. */
bool minitalk_decoder_init(minitalk_decoder *decoder, const char *dialect);

/* Takes the next bit: a byte of text, MINITALK_NOTHING, MINITALK_PART or MINITALK_END. */
int32_t minitalk_decoder_feed(minitalk_decoder *decoder, bool one);

/* Sends text in a dialect. The text must stay in place until all bits have been taken. False if
 * there is no such dialect, or if it cannot carry the text. */
bool minitalk_encoder_init(minitalk_encoder *encoder, const char *dialect, const uint8_t *text,
                           size_t octets);

/* The next bit, or MINITALK_NOTHING after the last. */
int32_t minitalk_encoder_next(minitalk_encoder *encoder);

/* ---- A link: acknowledgments, repetition, receipts (docs/protocol.md, sections 4 to 6) ---- */

/* The most octets of a message in one frame. */
#define MINITALK_PAYLOAD_OCTETS_MAX 256

/* A frame that waits to be accepted or refused. */
typedef struct {
    const uint8_t *payload; /* valid until then */
    size_t octets;          /* of the payload */
    uint64_t offset;        /* octets of the message before this frame */
    uint64_t length;        /* octets of the whole message, or MINITALK_UNKNOWN */
    bool first;             /* a message begins with this frame */
    bool last;              /* the message ends with this frame */
    uint8_t coding;         /* of the content, 0: none; refuse those you do not know */
} minitalk_received;

#define MINITALK_UNKNOWN UINT64_MAX

/* Why a message is refused. */
#define MINITALK_REASON_TOO_LONG 1
#define MINITALK_REASON_OUTPUT_FAILED 2
#define MINITALK_REASON_SHUTTING_DOWN 4
#define MINITALK_REASON_VERSION 6
#define MINITALK_REASON_OUT_OF_SEQUENCE 7
#define MINITALK_REASON_STALLED 8
#define MINITALK_REASON_CODING 9
#define MINITALK_REASON_MISMATCH 12

void minitalk_receiver_init(minitalk_receiver *receiver);

/* Takes a bit from the sender. Returns the acknowledgment to send back, MINITALK_NOTHING, or
 * MINITALK_FRAME if a frame waits for minitalk_receiver_accept or _refuse, now or later. */
int32_t minitalk_receiver_handle_bit(minitalk_receiver *receiver, bool one);

/* The waiting frame. False if there is none. */
bool minitalk_receiver_frame(const minitalk_receiver *receiver, minitalk_received *frame);

/* Accepts the frame: its payload has been stored, or, if it is the last one, the whole message has
 * reached its destination. Returns the acknowledgment to send, or MINITALK_NOTHING if no frame
 * waits. */
int32_t minitalk_receiver_accept(minitalk_receiver *receiver);

/* Refuses the message, with one of the reasons above; any other value counts as OUTPUT_FAILED.
 * Returns the same as minitalk_receiver_accept. */
int32_t minitalk_receiver_refuse(minitalk_receiver *receiver, uint8_t reason);

/* What minitalk_sender_poll_event returns. */
#define MINITALK_EVENT_ACCEPTED 1     /* the frame has arrived: offer the next */
#define MINITALK_EVENT_DELIVERED 2    /* the last frame has arrived: this is the receipt */
#define MINITALK_EVENT_REFUSED 3      /* by the receiver; `reason` is 0 if it was unintelligible */
#define MINITALK_EVENT_NOT_FRAMED 4   /* the peer does not speak this protocol */
#define MINITALK_EVENT_NOT_ACCEPTED 5 /* the peer answers, but never receives the frame intact */
#define MINITALK_EVENT_ABORTED 6      /* the requested abort has been sent */

/* What minitalk_sender_offer returns if not 0. */
#define MINITALK_OFFER_NOT_READY (-1) /* the previous frame is in flight, or the message is over */
#define MINITALK_OFFER_TOO_LONG (-2)  /* more than MINITALK_PAYLOAD_OCTETS_MAX */

/* For one message. `message` must differ for all messages that this program sends, even after a
 * restart: a random number, or a counter that is kept. `length` is the number of octets of the
 * whole message, or MINITALK_UNKNOWN. */
void minitalk_sender_init(minitalk_sender *sender, uint32_t message, uint64_t length);

/* Hands over the next frame of the message, which is copied. `payload` may be NULL if `octets` is
 * 0. */
int32_t minitalk_sender_offer(minitalk_sender *sender, const uint8_t *payload, size_t octets,
                              bool last);

/* The next bit to send, or MINITALK_NOTHING. After an offer, and after each call below that changes
 * the sender, take bits until there are none, then events. */
int32_t minitalk_sender_poll_transmit(minitalk_sender *sender, uint64_t now_micros);

/* The next event, or MINITALK_NOTHING. `reason` may be NULL. */
int32_t minitalk_sender_poll_event(minitalk_sender *sender, uint8_t *reason);

/* When to call minitalk_sender_handle_timeout, or UINT64_MAX for never. */
uint64_t minitalk_sender_poll_timeout(const minitalk_sender *sender);

void minitalk_sender_handle_timeout(minitalk_sender *sender, uint64_t now_micros);

/* Takes an acknowledgment from the receiver. */
void minitalk_sender_handle_ack(minitalk_sender *sender, bool one, uint64_t now_micros);

/* Aborts the message, and with it the frame in flight. */
void minitalk_sender_abort(minitalk_sender *sender);

/* A number that grows whenever the message gets further than before. Give up if it has not grown
 * for a long time. */
uint64_t minitalk_sender_progress(const minitalk_sender *sender);

#ifdef __cplusplus
}
#endif

#endif
