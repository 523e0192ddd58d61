/* A bare-metal program for a Cortex-M3 or a RISC-V: nothing but this file and libminitalk_c.a. The
 * line is a pair of interrupts; main is its other end. The boards are QEMU's lm3s6965evb and virt.
 * It exits with 0 if frames and a message arrived. */
#include "minitalk.h"

int main(void);

/* ---- The board ---- */

extern void stack_top(void);
extern uint32_t data_begin[], data_end[], data_source[], bss_begin[], bss_end[];

/* Functions that C compilers and the library expect even without a libc. */
void *memcpy(void *to, const void *from, size_t octets)
{
    for (size_t at = 0; at < octets; at++)
        ((volatile uint8_t *)to)[at] = ((const uint8_t *)from)[at];
    return to;
}

void *memset(void *to, int octet, size_t octets)
{
    for (size_t at = 0; at < octets; at++)
        ((volatile uint8_t *)to)[at] = (uint8_t)octet;
    return to;
}

static void leave(bool well);

void reset(void)
{
    memcpy(data_begin, data_source, (size_t)((char *)data_end - (char *)data_begin));
    memset(bss_begin, 0, (size_t)((char *)bss_end - (char *)bss_begin));
    leave(main() == 0);
}

/* Enables the interrupts of the line; raises one, as a signal edge from the other end would. */
static void listen(void);
static void raise_line(bool one);

/* ---- The program ---- */

static minitalk_deframer deframer;
static minitalk_receiver receiver;
static minitalk_sender sender;

/* Whether the line carries the link, with acknowledgments, or only frames. */
static volatile bool is_link;
static volatile int frames, answer;

static bool matches(const uint8_t *octets, size_t count, const char *text)
{
    for (size_t at = 0; at < count; at++)
        if (octets[at] != (uint8_t)text[at])
            return false;
    return text[count] == 0;
}

static void take(bool one)
{
    size_t octets;
    if (is_link)
        answer = minitalk_receiver_handle_bit(&receiver, one);
    else if (minitalk_deframer_feed(&deframer, one) == MINITALK_FRAME)
        frames += matches(minitalk_deframer_frame(&deframer, &octets), octets, "hello");
}

/* A frame, without acknowledgments. */
static bool frame_arrives(void)
{
    minitalk_framer framer;
    minitalk_framer_init(&framer, (const uint8_t *)"hello", 5, true);
    for (int bit; (bit = minitalk_framer_next(&framer)) != MINITALK_NOTHING;)
        raise_line(bit);
    return frames == 1;
}

/* A frame of another protocol, with a 16-bit FCS: the X.25 command SABM. */
static bool command_arrives(void)
{
    static const uint8_t sabm[] = { 0x03, 0x3F };
    static minitalk_deframer16 other_line;
    minitalk_framer16 framer;
    const uint8_t *content = NULL;
    size_t octets = 0;
    minitalk_deframer16_init(&other_line);
    minitalk_framer16_init(&framer, sabm, sizeof sabm, true);
    for (int bit; (bit = minitalk_framer16_next(&framer)) != MINITALK_NOTHING;)
        if (minitalk_deframer16_feed(&other_line, bit) == MINITALK_FRAME)
            content = minitalk_deframer16_frame(&other_line, &octets);
    return octets == sizeof sabm && content[0] == sabm[0] && content[1] == sabm[1];
}

/* A message, and its receipt back. */
static bool message_arrives(void)
{
    static const char text[] = "a message with a receipt";
    minitalk_received frame;
    bool arrived = false;
    is_link = true;
    minitalk_sender_init(&sender, 1, sizeof text - 1);
    minitalk_sender_offer(&sender, (const uint8_t *)text, sizeof text - 1, true);
    for (int bit; (bit = minitalk_sender_poll_transmit(&sender, 0)) != MINITALK_NOTHING;) {
        raise_line(bit);
        if (answer == MINITALK_FRAME && minitalk_receiver_frame(&receiver, &frame)) {
            arrived = matches(frame.payload, frame.octets, text) && frame.last;
            answer = minitalk_receiver_accept(&receiver);
        }
        minitalk_sender_handle_ack(&sender, answer, 0);
    }
    return arrived && minitalk_sender_poll_event(&sender, NULL) == MINITALK_EVENT_DELIVERED;
}

int main(void)
{
    minitalk_deframer_init(&deframer);
    minitalk_receiver_init(&receiver);
    listen();
    return frame_arrives() && command_arrives() && message_arrives() ? 0 : 1;
}

#ifdef __arm__

/* Ends the emulation through semihosting: SYS_EXIT with ApplicationExit, or a run-time error. */
static void leave(bool well)
{
    register uint32_t operation __asm__("r0") = 0x18;
    register uint32_t reason __asm__("r1") = well ? 0x20026 : 0x20023;
    __asm__ volatile("bkpt 0xAB" : : "r"(operation), "r"(reason) : "memory");
    for (;;)
        ;
}

static void listen(void) { *(volatile uint32_t *)0xE000E100 = 3; }

static void raise_line(bool one)
{
    *(volatile uint32_t *)0xE000E200 = one ? 2 : 1;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
}

static void line_zero(void) { take(false); }
static void line_one(void) { take(true); }
static void fault(void) { leave(false); }

/* Stack, reset, NMI, faults and the other exceptions of the processor, then those of the line. */
__attribute__((section(".vectors"), used)) static void (*const vectors[18])(void) = {
    stack_top, reset, fault, fault, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, line_zero, line_one,
};

#else

/* Ends the emulation through the test device of the board. */
static void leave(bool well)
{
    *(volatile uint32_t *)0x100000 = well ? 0x5555 : 0x13333;
    for (;;)
        ;
}

/* There is only one software interrupt, so the symbol is passed in a variable. */
static volatile uint32_t *const pending = (volatile uint32_t *)0x2000000;
static volatile bool symbol;

__attribute__((interrupt("machine"), aligned(4))) static void line(void)
{
    if (!*pending)
        leave(false);
    *pending = 0;
    take(symbol);
}

static void listen(void)
{
    __asm__ volatile("csrw mtvec, %0\n\tcsrs mie, 8\n\tcsrs mstatus, 8" : : "r"(line) : "memory");
}

static void raise_line(bool one)
{
    symbol = one;
    *pending = 1;
    while (*pending)
        ;
}

__asm__(".section .vectors,\"ax\"\n.global start\nstart:\n\tla sp, stack_top\n\tj reset\n.text");

#endif
