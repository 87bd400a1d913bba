/* SPDX-License-Identifier: MIT */
/* output.c - the sink of an application's own functions. */
#include "sink/output.h"
#include "base/program.h"

#define BUFFER_SIZE ((uint64_t) 64 << 10)

struct output_sink {
    struct tn_sink sink;
    tenon_output output;
    uint64_t handed; /* bytes that the application has; those in the buffer follow */
    uint64_t used;
    bool failed;
    uint8_t buffer[BUFFER_SIZE];
};

static tenon_status
finish_output_call (struct output_sink *to, tenon_status status, uint64_t position, tenon_error *error)
{
    if (status == TENON_OK)
        return TENON_OK;
    to->failed = true;
    tn_fail_in (error, to->sink.name, NULL);
    return tn_fail_program (error, status, position, "output", to->output.reason, to->output.user);
}

static tenon_status
hand_output (struct output_sink *to, const void *bytes, uint64_t length, tenon_error *error)
{
    if (to->failed || length == 0)
        return error->status;
    TN_TRY (finish_output_call (to, to->output.write (to->output.user, bytes, length), to->handed, error));
    to->handed += length;
    return TENON_OK;
}

tenon_status
tn_output_sink_flush (struct tn_sink *sink, tenon_error *error)
{
    struct output_sink *to = (struct output_sink *) sink;
    uint64_t used = to->used;
    to->used = 0;
    return hand_output (to, to->buffer, used, error);
}

static tenon_status
write_output (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct output_sink *to = (struct output_sink *) sink;
    if (length > BUFFER_SIZE - to->used)
        TN_TRY (tn_output_sink_flush (sink, error));
    if (length >= BUFFER_SIZE)
        return hand_output (to, bytes, length, error);
    memcpy (to->buffer + to->used, bytes, length);
    to->used += length;
    return TENON_OK;
}

/* What is still in the buffer changes there. */
static tenon_status
patch_output (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    struct output_sink *to = (struct output_sink *) sink;
    const uint8_t *from = bytes;
    if (to->failed)
        return error->status;
    if (position < to->handed) {
        uint64_t piece = TN_MIN (length, to->handed - position);
        TN_TRY (finish_output_call (to, to->output.patch (to->output.user, position, from, piece), position,
                                    error));
        position += piece, from += piece, length -= piece;
    }
    if (length > 0)
        memcpy (to->buffer + (position - to->handed), from, length);
    return TENON_OK;
}

tenon_status
tn_output_sink_new (const tenon_output *output, struct tn_sink **sink, tenon_error *error)
{
    tenon_output ours;
    *sink = NULL;
    if (!tn_copy_struct (&ours, sizeof ours, output, offsetof (tenon_output, patch)) || !ours.write)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tenon_output needs its struct_size and write");
    if (ours.flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "output flags %#x are not known to this version",
                        ours.flags & TENON_FLAGS_MUST_KNOW);
    struct output_sink *to = malloc (sizeof *to);
    if (!to)
        return tn_fail_memory (error);
    to->output = ours;
    to->handed = to->used = 0;
    to->failed = false;
    to->sink = (struct tn_sink){ .name = ours.name ? ours.name : "the output",
                                 .fd = -1,
                                 .seekable = ours.patch != NULL,
                                 .callers_thread = true,
                                 .write = write_output,
                                 .patch = ours.patch ? patch_output : NULL };
    *sink = &to->sink;
    return TENON_OK;
}

const char *
tn_output_sink_name (const struct tn_sink *sink)
{
    return ((const struct output_sink *) sink)->output.name;
}

void
tn_output_sink_free (struct tn_sink *sink)
{
    free (sink);
}
