/* SPDX-License-Identifier: MIT */
/* fuzz_filters.c - a stream of a filter, which the first byte chooses, as a part of unknown size. Where it
 * decodes, a part of that size is the same bytes, read in pieces, and one of another size is none; what zlib
 * inflates is what the library decodes. */
#include "base/base.h"
#include "context/pipeline.h"
#include "fuzz.h"
#include "source/decoder.h"
#include "source/unpack.h"
#include <zlib.h>

/* A seed begins with the number of its filter. Only those that zlib compares cannot be left out of a build.
 */
static const struct choice {
    const char *filter;
    int window; /* of zlib; 0: another format */
    const char *setup;
    uint64_t setup_size;
} choices[] = {
    { .filter = "deflate", .window = -15 },
    { .filter = "zlib", .window = 15 },
    { .filter = "gzip", .window = 31 },
    { .filter = "zstd" },
    { .filter = "lz4" },
    { .filter = "blosc" },
    { .filter = "bzip2" },
    { .filter = "xz" },
    { .filter = "lzma" },
    { .filter = "lzma", .setup = "\1\0\0\0", .setup_size = 4 }, /* as in .lzma files */
    { .filter = "shuffle", .setup = "\4\0\0\0", .setup_size = 4 },
    { .filter = "bitshuffle", .setup = "\2\0\0\0\10\0\0\0", .setup_size = 8 },
    { .filter = "delta", .setup = "\10\0\0\0\7\0\0\0\1\0\0\0", .setup_size = 12 }, /* i32 as i16 */
    { .filter = "crc32c" },
    { .filter = "crc32c", .setup = "\1\0\0\0\3\0\0\0", .setup_size = 8 }, /* an Adler-32 in front */
};
#define CHOICES (sizeof choices / sizeof choices[0])

struct stream {
    tenon_context *context;
    struct tn_arena arena;
    struct tn_source *root;
    const struct tn_pipeline *pipeline;
};

static struct tn_source *
part_of (struct stream *stream, uint64_t size)
{
    struct tn_source *source;
    tenon_error error = TENON_ERROR_INIT;
    struct tenon_part part = { .struct_size = sizeof part, .stored = stream->root->size, .size = size };
    if (tn_source_part (&stream->arena, stream->root, &part, NULL, stream->pipeline, &source, &error) < 0)
        fuzz_fail ("no part: %s", error.message);
    return source;
}

/* Reads all of a part of this size, in pieces. */
static bool
read_part (struct stream *stream, uint64_t size, uint8_t *to, uint64_t piece)
{
    struct tn_source *source = part_of (stream, size);
    struct tn_decoder decoder = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = TENON_OK;
    for (uint64_t at = 0; at < size && status == TENON_OK; at += piece)
        status = tn_decoder_read (&decoder, source, at, to + at, TN_MIN (piece, size - at), &error);
    if (status == TENON_OK)
        status = tn_decoder_finish (&decoder, source, &error);
    tn_decoder_free (&decoder);
    return status == TENON_OK;
}

static void
check_sizes (struct stream *stream, const uint8_t *bytes, uint64_t size)
{
    uint8_t *again = malloc (size + 2);
    if (!again)
        abort ();
    if (size > 0 && (!read_part (stream, size, again, size) || memcmp (again, bytes, size) != 0))
        fuzz_fail ("%s: a part of %llu bytes is not what was unpacked", stream->pipeline->text,
                   (unsigned long long) size);
    if (size > 0 && (!read_part (stream, size, again, size / 3 + 1) || memcmp (again, bytes, size) != 0))
        fuzz_fail ("%s: read in pieces it is not what was unpacked", stream->pipeline->text);
    if (read_part (stream, size + 1, again, size + 1))
        fuzz_fail ("%s: a part may be longer than the stream", stream->pipeline->text);
    free (again);
}

/* One stream that zlib inflates to its end is what was unpacked. */
static void
compare_zlib (int window, const uint8_t *from, size_t stored, const uint8_t *bytes, uint64_t size, bool good)
{
    uint8_t *inflated = malloc (FUZZ_MOST_BYTES);
    z_stream z;
    memset (&z, 0, sizeof z);
    if (!inflated || inflateInit2 (&z, window) != Z_OK)
        abort ();
    z.next_in = (uint8_t *) (uintptr_t) from;
    z.avail_in = (uInt) stored;
    z.next_out = inflated;
    z.avail_out = (uInt) FUZZ_MOST_BYTES;
    int result = inflate (&z, Z_FINISH);
    bool whole = result == Z_STREAM_END && z.avail_in == 0;
    uint64_t made = FUZZ_MOST_BYTES - z.avail_out;
    inflateEnd (&z);
    if (whole && !good)
        fuzz_fail ("zlib inflates %llu bytes, the library does not", (unsigned long long) made);
    if (whole && (made != size || (size > 0 && memcmp (inflated, bytes, size) != 0)))
        fuzz_fail ("zlib inflates other bytes");
    if (good && (result == Z_DATA_ERROR || result == Z_NEED_DICT) && made > size)
        fuzz_fail ("zlib inflates more before it refuses the stream");
    free (inflated);
}

static void
check_stream (struct stream *stream, int window, const uint8_t *data, size_t size)
{
    struct tn_source *source = part_of (stream, TENON_AUTO);
    struct tn_store store = { 0 };
    struct tn_decoder decoder = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    tn_store_begin (&store);
    tenon_status status = tn_unpack_to_size (stream->context, &store, source, &error);
    if (status == TENON_E_MISUSE || status == TENON_E_IO)
        fuzz_fail ("%s", error.message);
    uint8_t *bytes = NULL;
    if (status == TENON_OK && source->size <= FUZZ_MOST_BYTES) {
        if (!(bytes = malloc (source->size + 1)))
            abort ();
        if (source->size > 0
            && tn_decoder_read (&decoder, tn_source_plain (source), 0, bytes, source->size, &error) < 0)
            fuzz_fail ("what was unpacked cannot be read: %s", error.message);
        check_sizes (stream, bytes, source->size);
    }
    if (window && status != TENON_E_LIMIT && (status < 0 || bytes))
        compare_zlib (window, data, size, bytes, bytes ? source->size : 0, status == TENON_OK);
    tn_decoder_free (&decoder);
    tn_store_end (&store);
    free (bytes);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct stream stream = { .context = fuzz_context (FUZZ_ONE) };
    tenon_error error = TENON_ERROR_INIT;
    const char *missing;
    if (size == 0)
        return 0;
    const struct choice *choice = &choices[data[0] % CHOICES];
    struct tenon_step step = { .struct_size = sizeof step,
                               .level = -1,
                               .filter = choice->filter,
                               .setup = choice->setup,
                               .setup_size = choice->setup_size };
    uint8_t *copy = malloc (size); /* exactly as long, so that sanitizers see its end */
    if (!copy)
        abort ();
    memcpy (copy, data + 1, size - 1);
    tenon_status status = tn_pipeline_make (stream.context, &stream.arena, &step, sizeof step, 1,
                                            &stream.pipeline, &missing, &error);
    if (status < 0 && choice->window)
        fuzz_fail ("the filter %s is not there", choice->filter);
    if (status == TENON_OK) {
        if (tn_source_memory (copy, size - 1, "stream", &stream.root, &error) < 0)
            fuzz_fail ("%s", error.message);
        check_stream (&stream, choice->window, copy, size - 1);
        tn_source_free (stream.root);
    }
    tn_arena_free (&stream.arena);
    free (copy);
    return 0;
}
