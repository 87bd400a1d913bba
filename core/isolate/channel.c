/* SPDX-License-Identifier: MIT */
/* channel.c - messages over a local stream socket. */
#include "isolate/channel.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUT_ROOM 65536u
#define IN_ROOM 262144u
#define WAIT_MS 100
#define NO_TEXT UINT64_MAX

bool
tn_channel_pair (int fds[2], int type)
{
    return socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, fds) == 0;
}

bool
tn_channel_begin (struct tn_channel *channel, int fd)
{
    *channel = (struct tn_channel){ .fd = fd, .descriptor = -1, .longest = UINT64_MAX / 2 };
    channel->out = malloc (OUT_ROOM);
    channel->in = malloc (IN_ROOM);
    channel->in_room = IN_ROOM;
    if (channel->out && channel->in)
        return true;
    channel->fd = -1;
    tn_channel_free (channel);
    return false;
}

void
tn_channel_free (struct tn_channel *channel)
{
    if (channel->fd >= 0)
        close (channel->fd);
    if (channel->descriptor >= 0)
        close (channel->descriptor);
    free (channel->out);
    free (channel->in);
    *channel = (struct tn_channel){ .fd = -1, .descriptor = -1, .end = TN_CHANNEL_CLOSED };
}

static void
end_channel (struct tn_channel *channel, enum tn_channel_end end)
{
    if (channel->end == TN_CHANNEL_OPEN)
        channel->end = end;
}

void
tn_channel_refuse (struct tn_channel *channel)
{
    end_channel (channel, TN_CHANNEL_WRONG);
}

/* ---- waiting ---- */

static uint64_t
clock_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

void
tn_channel_begin_answer (struct tn_channel *channel)
{
    channel->deadline = channel->seconds > 0 ? clock_ms () + channel->seconds * 1000 : 0;
}

uint64_t
tn_channel_pause (const struct tn_channel *channel)
{
    return channel->deadline > 0 ? clock_ms () : 0;
}

void
tn_channel_go_on (struct tn_channel *channel, uint64_t paused)
{
    if (channel->deadline > 0)
        channel->deadline += clock_ms () - paused;
}

void
tn_channel_check (struct tn_channel *channel)
{
    if (channel->stop && channel->stop (channel->user))
        end_channel (channel, TN_CHANNEL_STOPPED);
    if (channel->deadline > 0 && clock_ms () >= channel->deadline)
        end_channel (channel, TN_CHANNEL_SILENT);
}

/* Waits until the socket is ready. A child has neither a limit nor `stop`: it waits in the kernel. */
static void
wait_ready (struct tn_channel *channel, short events)
{
    struct pollfd ready = { .fd = channel->fd, .events = events };
    bool patient = channel->deadline == 0 && !channel->stop;
    while (channel->end == TN_CHANNEL_OPEN) {
        int result = poll (&ready, 1, patient ? -1 : WAIT_MS);
        if (result > 0)
            return;
        if (result < 0 && errno != EINTR)
            end_channel (channel, TN_CHANNEL_CLOSED);
        tn_channel_check (channel);
    }
}

/* ---- sending ---- */

ssize_t
tn_socket_send (int socket, const void *bytes, uint64_t length, int descriptor, int flags)
{
    struct iovec vector = { (void *) (uintptr_t) bytes, length };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
    union {
        char bytes[CMSG_SPACE (sizeof (int))];
        struct cmsghdr aligned;
    } control;
    if (descriptor >= 0) {
        memset (&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR (&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN (sizeof descriptor);
        memcpy (CMSG_DATA (header), &descriptor, sizeof descriptor);
    }
    return sendmsg (socket, &message, flags | MSG_NOSIGNAL);
}

static bool
send_message (struct tn_channel *channel, const void *bytes, uint64_t length, int descriptor)
{
    while (length > 0 && channel->end == TN_CHANNEL_OPEN) {
        ssize_t sent = tn_socket_send (channel->fd, bytes, length, descriptor, MSG_DONTWAIT);
        if (sent > 0) {
            descriptor = -1;
            bytes = (const char *) bytes + sent;
            length -= (uint64_t) sent;
        } else if (sent < 0 && errno != EINTR && errno != EAGAIN)
            end_channel (channel, TN_CHANNEL_CLOSED);
        else if (sent < 0 && errno == EAGAIN)
            wait_ready (channel, POLLOUT);
    }
    return channel->end == TN_CHANNEL_OPEN;
}

bool
tn_channel_flush (struct tn_channel *channel)
{
    uint64_t length = channel->out_length;
    channel->out_length = 0;
    return send_message (channel, channel->out, length, -1);
}

void
tn_channel_put (struct tn_channel *channel, const void *bytes, uint64_t length)
{
    if (channel->end != TN_CHANNEL_OPEN || length == 0)
        return;
    if (length > OUT_ROOM - channel->out_length)
        tn_channel_flush (channel);
    if (length > OUT_ROOM / 2) {
        if (channel->out_length > 0)
            tn_channel_flush (channel);
        send_message (channel, bytes, length, -1);
        return;
    }
    memcpy (channel->out + channel->out_length, bytes, length);
    channel->out_length += length;
}

void
tn_channel_put_u32 (struct tn_channel *channel, uint32_t number)
{
    tn_channel_put (channel, &number, sizeof number);
}

void
tn_channel_put_u64 (struct tn_channel *channel, uint64_t number)
{
    tn_channel_put (channel, &number, sizeof number);
}

void
tn_channel_put_text (struct tn_channel *channel, const char *text, uint64_t length)
{
    tn_channel_put_u64 (channel, text ? length : NO_TEXT);
    if (text)
        tn_channel_put (channel, text, length);
}

void
tn_channel_put_descriptor (struct tn_channel *channel, int fd)
{
    const char one = 'D'; /* a descriptor travels with a byte */
    if (tn_channel_flush (channel))
        send_message (channel, &one, 1, fd);
}

/* ---- receiving ---- */

static void
keep_descriptor (struct tn_channel *channel, struct msghdr *message)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header; header = CMSG_NXTHDR (message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            if (channel->descriptor >= 0)
                close (channel->descriptor);
            memcpy (&channel->descriptor, CMSG_DATA (header), sizeof channel->descriptor);
        }
}

/* Some bytes, at least one. 0: the channel has ended. */
static uint64_t
receive_some (struct tn_channel *channel, void *to, uint64_t room)
{
    while (channel->end == TN_CHANNEL_OPEN) {
        struct iovec vector = { to, room };
        struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
        union {
            char bytes[CMSG_SPACE (sizeof (int))];
            struct cmsghdr aligned;
        } control;
        /* Without room for them, the kernel closes descriptors that were sent. */
        if (channel->takes_descriptors) {
            message.msg_control = &control;
            message.msg_controllen = sizeof control;
        }
        ssize_t got = recvmsg (channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got > 0) {
            if (channel->takes_descriptors)
                keep_descriptor (channel, &message);
            return (uint64_t) got;
        }
        if (got == 0 || (errno != EINTR && errno != EAGAIN))
            end_channel (channel, TN_CHANNEL_CLOSED);
        else if (errno == EAGAIN)
            wait_ready (channel, POLLIN);
    }
    return 0;
}

/* At least `length` bytes into the buffer. */
static bool
fill_buffer (struct tn_channel *channel, uint64_t length)
{
    if (channel->in_start > 0) {
        memmove (channel->in, channel->in + channel->in_start, channel->in_length);
        channel->in_start = 0;
    }
    if (length > channel->in_room) {
        uint8_t *larger = length > channel->longest ? NULL : realloc (channel->in, length);
        if (!larger) {
            end_channel (channel, length > channel->longest ? TN_CHANNEL_WRONG : TN_CHANNEL_MEMORY);
            return false;
        }
        channel->in = larger;
        channel->in_room = length;
    }
    while (channel->in_length < length) {
        uint64_t got =
            receive_some (channel, channel->in + channel->in_length, channel->in_room - channel->in_length);
        if (got == 0)
            return false;
        channel->in_length += got;
    }
    return true;
}

const void *
tn_channel_view (struct tn_channel *channel, uint64_t length)
{
    if (channel->end != TN_CHANNEL_OPEN || (length > channel->in_length && !fill_buffer (channel, length)))
        return NULL;
    const uint8_t *bytes = channel->in + channel->in_start;
    channel->in_start += length;
    channel->in_length -= length;
    return bytes;
}

bool
tn_channel_get (struct tn_channel *channel, void *to, uint64_t length)
{
    uint8_t *at = to;
    while (length > 0) {
        uint64_t piece = TN_MIN (length, channel->in_length);
        if (piece == 0 && length >= IN_ROOM && channel->end == TN_CHANNEL_OPEN)
            piece = receive_some (channel, at, length);
        else if (piece > 0 || fill_buffer (channel, 1)) {
            piece = TN_MIN (length, channel->in_length);
            memcpy (at, channel->in + channel->in_start, piece);
            channel->in_start += piece;
            channel->in_length -= piece;
        }
        if (channel->end != TN_CHANNEL_OPEN) {
            memset (to, 0, (size_t) (at - (uint8_t *) to) + length);
            return false;
        }
        at += piece, length -= piece;
    }
    return true;
}

uint32_t
tn_channel_get_u32 (struct tn_channel *channel)
{
    uint32_t number;
    tn_channel_get (channel, &number, sizeof number);
    return number;
}

uint64_t
tn_channel_get_u64 (struct tn_channel *channel)
{
    uint64_t number;
    tn_channel_get (channel, &number, sizeof number);
    return number;
}

const char *
tn_channel_get_text (struct tn_channel *channel, uint64_t *length)
{
    *length = tn_channel_get_u64 (channel);
    const char *text = *length == NO_TEXT ? NULL : tn_channel_view (channel, *length);
    if (!text)
        *length = 0;
    return text;
}

int
tn_channel_get_descriptor (struct tn_channel *channel)
{
    char one;
    tn_channel_get (channel, &one, 1);
    int fd = channel->descriptor;
    channel->descriptor = -1;
    return fd;
}
