/* SPDX-License-Identifier: MIT */
/* hostile.c - codecs that do to the process what a codec that was taken over by a file might do. Tests run
 * them in isolation only. The file says which process or file is the victim. */
#include "bad.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The text of the file, NUL-terminated. */
static const char *
victim_of (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    char *text = NULL;
    if (call->host->source_info (call, 0, &info) == TENON_OK)
        text = call->host->scratch (call, info.size + 1);
    if (text && call->host->read_at (call, 0, 0, text, info.size) < 0)
        text = NULL;
    return text ? text : "";
}

static volatile int *volatile nowhere; /* NULL; the compiler cannot know */

static tenon_status
well_behaved (struct tenon_call *call)
{
    return add_tensor (call, good_tensor ("good"));
}

/* A message with characters that are escaped, and with one that looks like an escape. */
static tenon_status
complains (struct tenon_call *call)
{
    return tenon_fail (call, TENON_E_MALFORMED, 7, "%s", "a\\x01b \x01 \x1b[31m \xff");
}

/* ---- crashes ---- */

static tenon_status
crashes (struct tenon_call *call)
{
    add_tensor (call, good_tensor ("before"));
    return *nowhere;
}

static tenon_status
aborts (struct tenon_call *call)
{
    if (call)
        abort ();
    return TENON_OK;
}

static int
fill_stack (int depth)
{
    volatile char frame[4096];
    frame[depth % 4096] = (char) depth;
    return depth < 0 ? 0 : fill_stack (depth + 1) + frame[0];
}

static tenon_status
fills_stack (struct tenon_call *call)
{
    (void) call;
    return fill_stack (1);
}

static tenon_status
leaves (struct tenon_call *call)
{
    if (call)
        _exit (0);
    return TENON_OK;
}

static tenon_status
scribbles (struct tenon_call *call)
{
    memset ((void *) (uintptr_t) call->host, 0x41, sizeof *call->host);
    return add_tensor (call, good_tensor ("after"));
}

/* ---- takes all ---- */

static tenon_status
loops (struct tenon_call *call)
{
    volatile int forever = 1;
    while (forever)
        (void) call;
    return TENON_OK;
}

/* Says how many MiB it got. */
static tenon_status
eats_memory (struct tenon_call *call)
{
    unsigned got = 0;
    for (volatile char *piece; got < 1024 && (piece = malloc (1 << 20)); got++)
        for (size_t i = 0; i < 1 << 20; i += 4096)
            piece[i] = 1;
    return tenon_fail (call, TENON_E_MEMORY, TENON_AUTO, "%u MiB", got);
}

static tenon_status
adds_for_ever (struct tenon_call *call)
{
    volatile int forever = 1;
    while (forever)
        call->host->note (call, TENON_NOTE, "x", "again");
    return TENON_OK;
}

/* ---- reaches for others ---- */

static tenon_status
opens_files (struct tenon_call *call)
{
    const char *path = victim_of (call);
    int made = open (path, O_CREAT | O_RDWR, 0600), read = open ("/etc/passwd", O_RDONLY);
    return add_tensor (call, good_tensor (made < 0 && read < 0 ? "refused" : "opened"));
}

static tenon_status
kills (struct tenon_call *call)
{
    kill ((pid_t) atoi (victim_of (call)), SIGKILL);
    return well_behaved (call);
}

static tenon_status
forks (struct tenon_call *call)
{
    if (fork () == 0)
        _exit (0);
    return well_behaved (call);
}

static tenon_status
executes (struct tenon_call *call)
{
    execl ("/bin/true", "true", (char *) NULL);
    return well_behaved (call);
}

static tenon_status
connects (struct tenon_call *call)
{
    (void) socket (AF_INET, SOCK_STREAM, 0);
    return well_behaved (call);
}

static void *
run_thread (void *user)
{
    return user;
}

static tenon_status
starts_thread (struct tenon_call *call)
{
    pthread_t thread;
    pthread_create (&thread, NULL, run_thread, NULL);
    return well_behaved (call);
}

/* ---- lies to the program ---- */

/* To every descriptor that might be the channel. */
static void
send_everywhere (const void *bytes, size_t size)
{
    for (int fd = 0; fd < 64; fd++) {
        struct iovec vector = { (void *) (uintptr_t) bytes, size };
        struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
        (void) sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static tenon_status
sends_noise (struct tenon_call *call)
{
    uint32_t noise[64];
    for (uint32_t i = 0; i < 64; i++)
        noise[i] = i * 2654435761u;
    send_everywhere (noise, sizeof noise);
    return well_behaved (call);
}

/* A tensor whose name has 2^60 bytes: see core/codec/wire.h, wire.c. */
static tenon_status
sends_long_name (struct tenon_call *call)
{
    uint32_t message[17] = { 0x7e000004, TENON_U8, 0, 0, 0, 0, 1 };
    message[16] = 1u << 28;
    send_everywhere (message, sizeof message);
    return well_behaved (call);
}

static tenon_status
sends_high_rank (struct tenon_call *call)
{
    uint32_t message[17] = { 0x7e000004, TENON_U8, 65, 0, 0, 0, 1 };
    send_everywhere (message, sizeof message);
    return well_behaved (call);
}

/* Ends its description before it began. */
static tenon_status
sends_end (struct tenon_call *call)
{
    uint32_t message[2] = { 0x7e000001, 0 };
    send_everywhere (message, sizeof message);
    return well_behaved (call);
}

/* An archive says that it lists itself, again and again. The file has the number of its codec: two words. */
static tenon_status
lists_itself (struct tenon_call *call)
{
    uint32_t messages[200][5];
    uint8_t number[8] = { 0 };
    TENON_TRY (call->host->read_at (call, 0, 0, number, sizeof number));
    for (unsigned i = 0; i < 200; i++) {
        messages[i][0] = 0x7e000010;
        messages[i][1] = messages[i][2] = 0;
        memcpy (&messages[i][3], number, sizeof number);
    }
    send_everywhere (messages, sizeof messages);
    return TENON_OK;
}

static const struct tenon_archive archive = { .struct_size = sizeof archive };

/* ---- probes and reads ---- */

static int32_t
crash_in_probe (struct tenon_call *call)
{
    (void) call;
    return *nowhere;
}

static tenon_status
serves (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("served");
    tensor.storage = TENON_SERVED;
    return add_tensor (call, tensor);
}

static tenon_status
crash_in_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
               void *to, uint64_t size)
{
    (void) call, (void) tensor, (void) region, (void) to, (void) size;
    return *nowhere;
}

static tenon_status
loop_in_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
              void *to, uint64_t size)
{
    (void) tensor, (void) region, (void) to, (void) size;
    return loops (call);
}

static const struct tenon_codec table[] = {
    READS (well_behaved),
    READS (complains),
    READS (crashes),
    READS (aborts),
    READS (fills_stack),
    READS (leaves),
    READS (scribbles),
    READS (loops),
    READS (eats_memory),
    READS (adds_for_ever),
    READS (opens_files),
    READS (kills),
    READS (forks),
    READS (executes),
    READS (connects),
    READS (starts_thread),
    READS (sends_noise),
    READS (sends_long_name),
    READS (sends_high_rank),
    READS (sends_end),
    { .struct_size = sizeof (struct tenon_codec),
      .id = "lists_itself",
      .describe = lists_itself,
      .archive_functions = &archive },
    { .struct_size = sizeof (struct tenon_codec),
      .id = "crashes_in_probe",
      .describe = well_behaved,
      .probe = crash_in_probe },
    { .struct_size = sizeof (struct tenon_codec),
      .id = "crashes_in_read",
      .describe = serves,
      .read = crash_in_read },
    { .struct_size = sizeof (struct tenon_codec),
      .id = "loops_in_read",
      .describe = serves,
      .read = loop_in_read },
};

BAD_PLUGIN ("hostile", table)
