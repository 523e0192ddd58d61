/*
** What differs between minitalk implementations, each set with -D. The defaults are what most of
** them do.
**
** ONE      the signal that means a one
** ORDER    MSB or LSB
** ACK      the signal after each bit, ECHO for the one received, or NOTHING
** PER_BYTE the ack comes only after every eighth bit
** RECEIPT  the signal after the message, or NOTHING
** PLACE    of the receipt, relative to the ack of the last bit: AFTER, BEFORE or INSTEAD
** LENGTH   bits of the length before the text: 0, 32 or 64
** NUL      whether a NUL ends the text
** HELLO    the signal the client sends first, acknowledged like a bit, or NOTHING
** COUNTS_ON  the server does not reset its bit count when another client sends: 0 or 1
** PACE     microseconds between bits that are not acknowledged
*/
#ifndef DIALECT_H
#define DIALECT_H

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USR1 SIGUSR1
#define USR2 SIGUSR2
#define NOTHING 0
#define ECHO -1
#define MSB 0
#define LSB 1
#define AFTER 0
#define BEFORE 1
#define INSTEAD 2

#ifndef ONE
# define ONE USR2
#endif
#define ZERO (ONE == USR2 ? USR1 : USR2)
#ifndef ORDER
# define ORDER MSB
#endif
#ifndef ACK
# define ACK USR1
#endif
#ifndef PER_BYTE
# define PER_BYTE 0
#endif
#ifndef RECEIPT
# define RECEIPT USR2
#endif
#ifndef PLACE
# define PLACE AFTER
#endif
#ifndef LENGTH
# define LENGTH 0
#endif
#ifndef NUL
# define NUL 1
#endif
#ifndef HELLO
# define HELLO NOTHING
#endif
#ifndef COUNTS_ON
# define COUNTS_ON 0
#endif
#ifndef PACE
# define PACE 20000
#endif

#endif
