/* SPDX-License-Identifier: MIT */
/* channel.h - messages over a local stream socket, between the program and an isolated child.
 *
 * Both ends are the same program, so numbers have its byte order. The program does not trust the child: it
 * checks each number that it gets, waits for a limited time only, and takes no descriptors.
 *
 * One thread at a time uses a channel. After its first failure nothing more is sent, and what is read is
 * zero. */
#ifndef TN_CHANNEL_H
#define TN_CHANNEL_H
#include "base/base.h"
#include <sys/socket.h>

/* Systems that lack these, such as macOS, isolate nothing; there this only compiles. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#include <sys/types.h>

enum tn_channel_end {
    TN_CHANNEL_OPEN,
    TN_CHANNEL_CLOSED,  /* the other end is closed */
    TN_CHANNEL_SILENT,  /* the time for an answer has passed */
    TN_CHANNEL_STOPPED, /* `stop` asked for it */
    TN_CHANNEL_WRONG,   /* tn_channel_refuse, or a length over the limit */
    TN_CHANNEL_MEMORY
};

struct tn_channel {
    int fd;
    enum tn_channel_end end; /* the first failure */
    bool takes_descriptors;
    int descriptor;            /* received, not taken yet; -1: none */
    uint64_t seconds;          /* from tn_channel_begin_answer on, for the whole answer; 0: any time */
    uint64_t deadline;         /* milliseconds of the clock; 0: none */
    uint64_t longest;          /* that tn_channel_view may ask for, bytes */
    bool (*stop) (void *user); /* asked ten times a second while waiting; NULL: never */
    void *user;
    uint8_t *out, *in;
    uint64_t out_length, in_start, in_length, in_room;
};

/* Takes over fd. False: no memory; then fd stays open. */
bool tn_channel_begin (struct tn_channel *channel, int fd);
void tn_channel_free (struct tn_channel *channel);
/* A connected pair of sockets, closed on exec. False: errno says why. */
bool tn_channel_pair (int fds[2], int type);

/* sendmsg of one piece, with a descriptor or, where it is -1, without one. */
ssize_t tn_socket_send (int socket, const void *bytes, uint64_t length, int descriptor, int flags);

/* The time for an answer begins. */
void tn_channel_begin_answer (struct tn_channel *channel);
/* Asks `stop`, and ends the channel if the time has passed. For an end that sends so much that the other
 * never waits for it. */
void tn_channel_check (struct tn_channel *channel);
/* For work of the program that the other end waits for: the clock stands still from tn_channel_pause, which
 * returns the time, to tn_channel_go_on, which gets it. */
uint64_t tn_channel_pause (const struct tn_channel *channel);
void tn_channel_go_on (struct tn_channel *channel, uint64_t paused);

/* Sends bytes, or keeps them until the next flush. */
void tn_channel_put (struct tn_channel *channel, const void *bytes, uint64_t length);
void tn_channel_put_u32 (struct tn_channel *channel, uint32_t number);
void tn_channel_put_u64 (struct tn_channel *channel, uint64_t number);
/* A length and the bytes. `text` may be NULL, and arrives so. */
void tn_channel_put_text (struct tn_channel *channel, const char *text, uint64_t length);
/* Sends all that is kept, and then a descriptor, which stays the caller's. */
void tn_channel_put_descriptor (struct tn_channel *channel, int fd);
/* Sends all that is kept. False: the channel has ended. */
bool tn_channel_flush (struct tn_channel *channel);

/* False: the channel has ended, and `to` is filled with zeros. */
bool tn_channel_get (struct tn_channel *channel, void *to, uint64_t length);
uint32_t tn_channel_get_u32 (struct tn_channel *channel);
uint64_t tn_channel_get_u64 (struct tn_channel *channel);
/* The next bytes, valid until the next call. NULL: the channel has ended. */
const void *tn_channel_view (struct tn_channel *channel, uint64_t length);
/* What tn_channel_put_text sent, valid until the next call, not NUL-terminated. NULL: it was NULL, or the
 * channel has ended. */
const char *tn_channel_get_text (struct tn_channel *channel, uint64_t *length);
/* The descriptor that was sent here. -1: none was. */
int tn_channel_get_descriptor (struct tn_channel *channel);
/* The other end has sent something that makes no sense. */
void tn_channel_refuse (struct tn_channel *channel);

#endif
