/* Sends its argument over a link in memory, bit by bit, and prints what came out at the other end. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "minitalk.h"

/* What the receiver answers to one bit; a frame that came whole is printed. */
static int answer(minitalk_receiver *receiver, bool one)
{
    int ack = minitalk_receiver_handle_bit(receiver, one);
    if (ack != MINITALK_FRAME)
        return ack;
    minitalk_received frame;
    minitalk_receiver_frame(receiver, &frame);
    fwrite(frame.payload, 1, frame.octets, stdout);
    return minitalk_receiver_accept(receiver);
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "hello";
    size_t rest = strlen(text);
    minitalk_sender sender;
    minitalk_receiver receiver;
    minitalk_sender_init(&sender, (uint32_t)time(NULL), rest);
    minitalk_receiver_init(&receiver);
    for (int event = MINITALK_EVENT_ACCEPTED; event == MINITALK_EVENT_ACCEPTED; text += 256) {
        size_t octets = rest < MINITALK_PAYLOAD_OCTETS_MAX ? rest : MINITALK_PAYLOAD_OCTETS_MAX;
        rest -= octets;
        minitalk_sender_offer(&sender, (const uint8_t *)text, octets, rest == 0);
        for (int bit; (bit = minitalk_sender_poll_transmit(&sender, 0)) != MINITALK_NOTHING;)
            minitalk_sender_handle_ack(&sender, answer(&receiver, bit), 0);
        event = minitalk_sender_poll_event(&sender, NULL);
        if (event == MINITALK_EVENT_DELIVERED)
            return putchar('\n') == EOF;
    }
    return 1;
}
