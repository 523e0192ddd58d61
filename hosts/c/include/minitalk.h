/* minitalk: octets over a channel that knows two symbols and nothing else.
 *
 * The C interface of minitalk-core. No allocation, no libc, no floating point, no locks; every call
 * takes a small bounded time and may be made in an interrupt or a signal handler, as long as only
 * one call at a time works on one object. Bits are `bool`: false is the symbol 0, true is 1. Times
 * are microseconds that never run backwards; 1 ms of resolution is enough.
 *
 * Objects are memory of yours, aligned and of the size given here. Each has an `_init`, which must
 * be called first, and may be called again at any time. No pointer may be NULL unless it says so.
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

/* What a call returns that may have a bit for the line: one of these two, or MINITALK_NOTHING. */
#define MINITALK_ZERO 0
#define MINITALK_ONE 1
#define MINITALK_NOTHING (-1)

/* ---- Frames without a link: flags, zero-bit insertion, FCS-32 (RFC 1662) ---- */

/* What minitalk_deframer_feed returns. */
#define MINITALK_PENDING 0     /* nothing yet */
#define MINITALK_FLAG 1        /* a flag that closed nothing */
#define MINITALK_FRAME 2       /* a flag that closed a frame with a good FCS */
#define MINITALK_ABORTED (-2)  /* seven ones: the sender gave the frame up */
#define MINITALK_BAD_FCS (-3)  /* the frame check sequence is wrong */
#define MINITALK_TOO_LONG (-4) /* more octets than MINITALK_CONTENT_OCTETS_MAX */
#define MINITALK_NOISE (-5)    /* what lies between two flags is no frame */

/* Most octets of content that a deframer takes, FCS not counted. */
#define MINITALK_CONTENT_OCTETS_MAX 278

void minitalk_deframer_init(minitalk_deframer *deframer);

/* Takes the next bit from the line. After an error it needs no help to go on. */
int32_t minitalk_deframer_feed(minitalk_deframer *deframer, bool one);

/* The content of the frame completed last, without its FCS, until the next octet overwrites it; NULL
 * if there is none. */
const uint8_t *minitalk_deframer_frame(const minitalk_deframer *deframer, size_t *octets);

/* A frame of this content, which must stay where it is until all bits have been taken. `content` may
 * be NULL if there are no octets. Without `opening_flag` it follows the closing flag of another. */
void minitalk_framer_init(minitalk_framer *framer, const uint8_t *content, size_t octets,
                          bool opening_flag);

/* The next bit, or MINITALK_NOTHING after the last bit of the closing flag. */
int32_t minitalk_framer_next(minitalk_framer *framer);

/* ---- The same with an FCS of 16 bits, for AX.25, X.25 and PPP: docs/hdlc.md ---- */

/* Most octets of content, FCS not counted: ten addresses of AX.25, 2 octets, and 256 of text. */
#define MINITALK_CONTENT16_OCTETS_MAX 328

void minitalk_deframer16_init(minitalk_deframer16 *deframer);

/* As minitalk_deframer_feed. */
int32_t minitalk_deframer16_feed(minitalk_deframer16 *deframer, bool one);

/* As minitalk_deframer_frame. Address and control are the first octets of the content. */
const uint8_t *minitalk_deframer16_frame(const minitalk_deframer16 *deframer, size_t *octets);

/* As minitalk_framer_init. */
void minitalk_framer16_init(minitalk_framer16 *framer, const uint8_t *content, size_t octets,
                            bool opening_flag);

/* As minitalk_framer_next. */
int32_t minitalk_framer16_next(minitalk_framer16 *framer);

/* ---- Classic: eight bits a byte ---- */

/* What minitalk_decoder_feed returns if not a byte, 0 to 255. */
#define MINITALK_PART (-6) /* eight bits of what is no text: a length, or what stands before the text */
#define MINITALK_END (-7)  /* the message is complete */
#define MINITALK_LAST 256  /* added to the byte that is the last one of a message with a length */

/* Reads messages of a dialect in words, "order=lsb,end=length32" say (docs/protocol.md, section 2),
 * or of the usual one if that is NULL. False if there is no such dialect. */
bool minitalk_decoder_init(minitalk_decoder *decoder, const char *dialect);

/* Takes the next bit: a byte of text, MINITALK_NOTHING, MINITALK_PART or MINITALK_END. */
int32_t minitalk_decoder_feed(minitalk_decoder *decoder, bool one);

/* Sends text in a dialect. The text must stay where it is. False if there is no such dialect, or it
 * cannot carry the text. */
bool minitalk_encoder_init(minitalk_encoder *encoder, const char *dialect, const uint8_t *text,
                           size_t octets);

/* The next bit, or MINITALK_NOTHING after the last. */
int32_t minitalk_encoder_next(minitalk_encoder *encoder);

/* ---- A link: acknowledgments, repetition, receipts (docs/protocol.md, sections 4 to 6) ---- */

/* Most octets of one frame of a message. */
#define MINITALK_PAYLOAD_OCTETS_MAX 256

/* A frame that waits for an answer. */
typedef struct {
    const uint8_t *payload; /* until it is answered */
    size_t octets;
    uint64_t offset;        /* octets of the message that came before */
    uint64_t length;        /* of the whole message, or MINITALK_UNKNOWN */
    bool first;             /* a message begins with it */
    bool last;              /* the message ends with it */
    uint8_t coding;         /* of the content; refuse what you do not know. 0: as it is */
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

/* Takes a bit of the sender: the acknowledgment to send back, MINITALK_NOTHING, or MINITALK_FRAME if a
 * frame waits for minitalk_receiver_accept or _refuse, now or later. */
int32_t minitalk_receiver_handle_bit(minitalk_receiver *receiver, bool one);

/* The frame that waits. False if none does. */
bool minitalk_receiver_frame(const minitalk_receiver *receiver, minitalk_received *frame);

/* Accepts the frame: its payload is kept, or, of the last one, the whole message is where it is to
 * be. Returns the acknowledgment to send, or MINITALK_NOTHING if no frame waits. */
int32_t minitalk_receiver_accept(minitalk_receiver *receiver);

/* Refuses the message, with one of the reasons above; any other counts as OUTPUT_FAILED. */
int32_t minitalk_receiver_refuse(minitalk_receiver *receiver, uint8_t reason);

/* What minitalk_sender_poll_event returns. */
#define MINITALK_EVENT_ACCEPTED 1     /* the frame has arrived: offer the next */
#define MINITALK_EVENT_DELIVERED 2    /* so has the last one: this is the receipt */
#define MINITALK_EVENT_REFUSED 3      /* by the receiver; `reason` is 0 if it could not be made out */
#define MINITALK_EVENT_NOT_FRAMED 4   /* the peer does not speak this protocol */
#define MINITALK_EVENT_NOT_ACCEPTED 5 /* the peer hears the frame and never finds it intact */
#define MINITALK_EVENT_ABORTED 6      /* the abort asked for has been sent */

/* What minitalk_sender_offer returns if not 0. */
#define MINITALK_OFFER_NOT_READY (-1) /* the frame before is under way, or the message has ended */
#define MINITALK_OFFER_TOO_LONG (-2)  /* more than MINITALK_PAYLOAD_OCTETS_MAX */

/* For one message. `message` tells it from all others that this program sends, over a restart too:
 * random, or counted on. `length` is that of all octets, or MINITALK_UNKNOWN. */
void minitalk_sender_init(minitalk_sender *sender, uint32_t message, uint64_t length);

/* Hands over the next frame of the message, which is copied. `payload` may be NULL if it is empty. */
int32_t minitalk_sender_offer(minitalk_sender *sender, const uint8_t *payload, size_t octets,
                              bool last);

/* After each call below, and after an offer: take bits until there are none, then events. */
int32_t minitalk_sender_poll_transmit(minitalk_sender *sender, uint64_t now_micros);

/* The next event, or MINITALK_NOTHING. `reason` may be NULL. */
int32_t minitalk_sender_poll_event(minitalk_sender *sender, uint8_t *reason);

/* When minitalk_sender_handle_timeout is to be called, or UINT64_MAX. */
uint64_t minitalk_sender_poll_timeout(const minitalk_sender *sender);

void minitalk_sender_handle_timeout(minitalk_sender *sender, uint64_t now_micros);

/* Takes an acknowledgment of the receiver. */
void minitalk_sender_handle_ack(minitalk_sender *sender, bool one, uint64_t now_micros);

/* Gives the message up: what is under way is broken off. */
void minitalk_sender_abort(minitalk_sender *sender);

/* A number that grows whenever the message gets further than it ever was: if it has not grown for
 * long, give up. */
uint64_t minitalk_sender_progress(const minitalk_sender *sender);

#ifdef __cplusplus
}
#endif

#endif
