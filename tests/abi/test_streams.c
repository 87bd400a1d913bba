/* SPDX-License-Identifier: MIT */
/* test_streams.c - streams of zlib, gzip and zstd as members, of known and unknown size: joined, cut,
 * damaged, with bytes between and behind; and bombs of several steps. zlib makes the streams. */
#include "kit.h"
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD 52u /* of a toypipe */
#define MIB ((uint64_t) 1 << 20)

enum { ZLIB = 15, GZIP = 31 };

static uint8_t plain[4096]; /* a toyraw file of the tensor n … */
static size_t plain_size;
static uint8_t numbers[1000]; /* … which is these */
static struct {
    uint8_t bytes[2 << 20];
    size_t size;
} stream;

static void
make_plain (void)
{
    size_t size;
    kit_plugins ("toypipe toyraw", "core.threads=2");
    for (unsigned i = 0; i < sizeof numbers; i++)
        numbers[i] = (uint8_t) (i * i % 251);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "n", "u8", 0, 1, KIT_SHAPE (sizeof numbers), numbers, sizeof numbers);
    ck_assert_int_eq (kit_write (plan, "f.toypipe", "toypipe", NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    const uint8_t *file = kit_load ("f.toypipe", &size);
    plain_size = size - HEAD;
    ck_assert_uint_le (plain_size, sizeof plain);
    memcpy (plain, file + HEAD, plain_size);
    stream.size = 0;
}

/* ---- making streams ---- */

static void
put_bytes (const void *bytes, size_t size)
{
    ck_assert_uint_le (size, sizeof stream.bytes - stream.size);
    memcpy (stream.bytes + stream.size, bytes, size);
    stream.size += size;
}

static void
put_zeros (size_t size)
{
    ck_assert_uint_le (size, sizeof stream.bytes - stream.size);
    memset (stream.bytes + stream.size, 0, size);
    stream.size += size;
}

/* Begins with the bytes, and goes on with so many zeros. */
static void
put_stream (int framing, const void *bytes, size_t size, uint64_t zeros)
{
    static const uint8_t none[65536];
    z_stream z;
    memset (&z, 0, sizeof z);
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, framing, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = stream.bytes + stream.size;
    z.avail_out = (uInt) (sizeof stream.bytes - stream.size);
    z.next_in = (Bytef *) (uintptr_t) bytes;
    z.avail_in = (uInt) size;
    for (; zeros > 0; zeros -= z.avail_in) {
        ck_assert_int_eq (deflate (&z, Z_NO_FLUSH), Z_OK);
        z.next_in = (Bytef *) (uintptr_t) none;
        z.avail_in = (uInt) (zeros < sizeof none ? zeros : sizeof none);
    }
    ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
    stream.size = sizeof stream.bytes - z.avail_out;
    deflateEnd (&z);
}

/* Encodes what is there once more. */
static void
wrap_stream (int framing)
{
    size_t size = stream.size;
    uint8_t *copy = (uint8_t *) malloc (size);
    ck_assert_ptr_nonnull (copy);
    memcpy (copy, stream.bytes, size);
    stream.size = 0;
    put_stream (framing, copy, size, 0);
    free (copy);
}

/* A file whose member is the stream, which comes to `size` bytes (TENON_AUTO: it does not say). */
static void
save_pipe (const char *steps, uint64_t size, uint64_t block_size, const uint64_t *ends, uint32_t blocks)
{
    uint8_t head[HEAD] = "TOYPIPE\n";
    FILE *file = fopen (kit_path ("g.toypipe"), "wb");
    ck_assert_ptr_nonnull (file);
    const uint64_t numbers_of[] = { size, block_size, HEAD + strlen (steps) + stream.size, stream.size };
    static const unsigned places[] = { 8, 20, 32, 40 };
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 8; k++)
            head[places[i] + k] = (uint8_t) (numbers_of[i] >> 8 * k);
    head[28] = (uint8_t) blocks;
    head[48] = (uint8_t) strlen (steps);
    ck_assert_uint_eq (fwrite (head, 1, HEAD, file), HEAD);
    ck_assert_uint_eq (fwrite (steps, 1, strlen (steps), file), strlen (steps));
    ck_assert_uint_eq (fwrite (stream.bytes, 1, stream.size, file), stream.size);
    for (uint32_t i = 0; i < blocks; i++)
        for (unsigned k = 0; k < 8; k++)
            fputc ((uint8_t) (ends[i] >> 8 * k), file);
    ck_assert_int_eq (fclose (file), 0);
}

/* Opens, reads and verifies. What is read is right, or it is a failure. */
static tenon_status
read_it (void)
{
    uint8_t found[sizeof numbers];
    tenon_file *file = NULL;
    tenon_request request;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_open (kit, kit_path ("g.toypipe"), NULL, &file, &kit_error);
    if (status < 0)
        return status;
    KIT_INIT (request);
    request.data = found;
    request.size = sizeof found;
    status = tenon_find (file, "n", &request.index);
    if (status == TENON_OK)
        status = tenon_read (file, &request, 1, NULL, &kit_error);
    if (status == TENON_OK)
        ck_assert_mem_eq (found, numbers, sizeof found);
    if (status == TENON_OK)
        status = tenon_verify (file, NULL, NULL, &kit_error);
    tenon_close (file);
    return status;
}

/* Of the size that is stated, and of one that is not. "" and TENON_OK: it is good. */
static void
expect_stream (const char *what, const char *steps, tenon_status wanted, const char *words)
{
    for (int known = 0; known < 2; known++) {
        save_pipe (steps, known ? plain_size : UINT64_MAX, 0, NULL, 0);
        tenon_status status = read_it ();
        ck_assert_msg (status == wanted && strstr (kit_error.message, words), "%s, %s size: %d '%s'", what,
                       known ? "known" : "unknown", (int) status, kit_error.message);
    }
}

#define DAMAGED(what, steps) expect_stream (what, steps, TENON_E_MALFORMED, "")

/* ---- gzip ---- */

static void
put_members (size_t cut, int empty)
{
    stream.size = 0;
    put_stream (GZIP, plain, cut, 0);
    if (empty)
        put_stream (GZIP, plain, 0, 0);
    put_stream (GZIP, plain + cut, plain_size - cut, 0);
}

/* RFC 1952, 2.2: members, one behind the other. Zeros behind each are padding, as Python's gzip takes them;
 * gzip itself takes those behind the last. */
START_TEST (test_members)
{
    static const size_t cuts[] = { 0, 1, 500 };
    make_plain ();
    for (unsigned i = 0; i < 3; i++) {
        put_members (cuts[i], 0);
        expect_stream ("two members", "gzip", TENON_OK, "");
        put_members (cuts[i], 1);
        expect_stream ("an empty member between", "gzip", TENON_OK, "");
        put_stream (GZIP, plain, 0, 0);
        expect_stream ("an empty member behind", "gzip", TENON_OK, "");
        put_zeros (1);
        expect_stream ("a zero behind", "gzip", TENON_OK, "");
        put_zeros (100000);
        expect_stream ("many zeros behind", "gzip", TENON_OK, "");
        put_bytes ("x", 1);
        DAMAGED ("garbage behind zeros", "gzip");
    }
    put_members (500, 0);
    put_bytes ("\x1f", 1);
    DAMAGED ("half a mark behind", "gzip");
    put_bytes ("\x8b\x08\0\0\0\0\0\0\3", 9);
    DAMAGED ("a header behind", "gzip");
    stream.size = 0;
    put_stream (GZIP, plain, 500, 0);
    put_zeros (1);
    put_stream (GZIP, plain + 500, plain_size - 500, 0);
    expect_stream ("a zero between members", "gzip", TENON_OK, "");
    stream.size = 0;
    put_zeros (1);
    put_stream (GZIP, plain, plain_size, 0);
    DAMAGED ("a zero before", "gzip");
    stream.size = 0;
    put_stream (GZIP, plain, 500, 0);
    put_bytes ("garbage", 7);
    put_stream (GZIP, plain + 500, plain_size - 500, 0);
    DAMAGED ("garbage between members", "gzip");
}
END_TEST

/* CRC-32 and ISIZE of either member; each byte of them; and each number of bytes that are missing. */
START_TEST (test_trailers)
{
    make_plain ();
    for (unsigned member = 0; member < 2; member++)
        for (unsigned at = 1; at <= 8; at++) {
            char what[60];
            snprintf (what, sizeof what, "member %u, %u bytes before its end", member, at);
            stream.size = 0;
            put_stream (GZIP, plain, 500, 0);
            if (member == 0)
                stream.bytes[stream.size - at] ^= 1;
            put_stream (GZIP, plain + 500, plain_size - 500, 0);
            if (member == 1)
                stream.bytes[stream.size - at] ^= 1;
            DAMAGED (what, "gzip");
            stream.size = 0;
            put_stream (GZIP, plain, 500, 0);
            if (member == 0)
                stream.size -= at;
            put_stream (GZIP, plain + 500, plain_size - 500, 0);
            if (member == 1)
                stream.size -= at;
            DAMAGED (what, "gzip");
        }
}
END_TEST

/* A table of the members as blocks; and tables that lie, which spoil no bytes, but are told. */
START_TEST (test_tables)
{
    uint64_t ends[3];
    make_plain ();
    uint64_t block = (plain_size + 2) / 3;
    for (unsigned i = 0; i < 3; i++) {
        put_stream (GZIP, plain + i * block, i < 2 ? block : plain_size - 2 * block, 0);
        ends[i] = stream.size;
    }
    save_pipe ("gzip", plain_size, block, ends, 3);
    ck_assert_msg (read_it () == TENON_OK, "%s", kit_error.message);
    for (unsigned i = 0; i < 2; i++)
        for (int by = -1; by <= 1; by += 2) {
            ends[i] += (uint64_t) (int64_t) by;
            save_pipe ("gzip", plain_size, block, ends, 3);
            kit_failed (read_it (), TENON_E_MALFORMED, "table of blocks");
            ends[i] -= (uint64_t) (int64_t) by;
        }
    put_zeros (10); /* which belong to the last block */
    ends[2] += 10;
    save_pipe ("gzip", plain_size, block, ends, 3);
    ck_assert_msg (read_it () == TENON_OK, "%s", kit_error.message);
    save_pipe ("gzip", UINT64_MAX, block, ends, 3);
    kit_failed (read_it (), TENON_E_MISUSE, "a part has a table of blocks, and no size");
}
END_TEST

/* ---- zlib ---- */

START_TEST (test_zlib)
{
    make_plain ();
    put_stream (ZLIB, plain, plain_size, 0);
    expect_stream ("a stream", "zlib", TENON_OK, "");
    size_t size = stream.size;
    for (unsigned at = 1; at <= 4; at++) {
        stream.bytes[size - at] ^= 1;
        DAMAGED ("another Adler-32", "zlib");
        stream.bytes[size - at] ^= 1;
        stream.size = size - at;
        DAMAGED ("part of the Adler-32", "zlib");
        stream.size = size;
    }
    put_zeros (1);
    DAMAGED ("a zero behind", "zlib");
    stream.size = size;
    put_stream (ZLIB, plain, 0, 0);
    DAMAGED ("another stream behind", "zlib");
    stream.size = size;
    stream.bytes[1] = 0xbb; /* FDICT, and a header that 31 divides */
    expect_stream ("a preset dictionary", "zlib", TENON_E_UNSUPPORTED, "they need a preset dictionary");
    stream.bytes[1] ^= 1;
    DAMAGED ("a header that 31 does not divide", "zlib");
    expect_stream ("no gzip", "gzip", TENON_E_MALFORMED, "");
}
END_TEST

/* ---- bombs ---- */

static double
read_in_seconds (tenon_status *status)
{
    struct timespec begin, end;
    clock_gettime (CLOCK_MONOTONIC, &begin);
    *status = read_it ();
    clock_gettime (CLOCK_MONOTONIC, &end);
    return (double) (end.tv_sec - begin.tv_sec) + 1e-9 * (double) (end.tv_nsec - begin.tv_nsec);
}

/* `size`: what the file says. It is refused, and soon: what a machine decodes in 20 s is far less than all.
 */
static void
expect_bomb (const char *steps, uint64_t size, tenon_status wanted, const char *words)
{
    tenon_status status;
    save_pipe (steps, size, 0, NULL, 0);
    double seconds = read_in_seconds (&status);
    ck_assert_msg (status == wanted && strstr (kit_error.message, words), "%s, %llu bytes: %d '%s'", steps,
                   (unsigned long long) size, (int) status, kit_error.message);
    ck_assert_msg (seconds < 20, "%s: %.1f s", steps, seconds);
}

/* 256 MiB of zeros in some hundred bytes. */
START_TEST (test_twice)
{
    make_plain ();
    put_stream (GZIP, plain, plain_size, 256 * MIB);
    wrap_stream (GZIP);
    ck_assert_uint_lt (stream.size, 2500);
    expect_bomb ("gzip gzip", UINT64_MAX, TENON_E_LIMIT, "raise inflated_ratio in [limits]");
    expect_bomb ("gzip gzip", plain_size + 256 * MIB, TENON_E_LIMIT, "raise inflated_ratio in [limits]");
    expect_bomb ("gzip gzip", plain_size, TENON_E_MALFORMED, "decodes to more than the");
}
END_TEST

/* The zeros are ignored behind a gzip member, so that the bytes that come out are few: it is what lies
 * between two filters that is bounded. */
START_TEST (test_between)
{
    make_plain ();
    put_stream (GZIP, plain, plain_size, 0);
    size_t size = stream.size;
    uint8_t *member = (uint8_t *) malloc (size);
    ck_assert_ptr_nonnull (member);
    memcpy (member, stream.bytes, size);
    stream.size = 0;
    put_stream (GZIP, member, size, 256 * MIB);
    free (member);
    wrap_stream (GZIP);
    ck_assert_uint_lt (stream.size, 4000);
    static const char *const words = "the filter gzip decodes it to more than";
    expect_bomb ("gzip gzip gzip", UINT64_MAX, TENON_E_LIMIT, words);
    expect_bomb ("gzip gzip gzip", plain_size, TENON_E_LIMIT, words);
}
END_TEST

/* 2^40 zeros: zstd makes 128 KiB of each run of 4 bytes, and gzip, twice, few of those. */
START_TEST (test_terabyte)
{
    static uint8_t frame[6] = "\x28\xb5\x2f\xfd\0\x38", block[4] = "\2\0\x10";
    char path[1024];
    const char *built = getenv ("TENON_TEST_PLUGINS");
    make_plain ();
    snprintf (path, sizeof path, "%s/../../../../plugins/.libs/zstd.so",
              built ? built : "tests/abi/plugins/.libs");
    if (access (path, R_OK) != 0)
        return; /* a build without zstd */
    kit_copy ("../../../../plugins/.libs/zstd", "zstd");
    ck_assert_int_eq (kit_context ("core.threads=2"), TENON_OK);
    size_t blocks = (size_t) 1 << 23, size = sizeof frame + 4 * blocks;
    uint8_t *bytes = (uint8_t *) malloc (size);
    ck_assert_ptr_nonnull (bytes);
    memcpy (bytes, frame, sizeof frame);
    for (size_t i = 0; i < blocks; i++)
        memcpy (bytes + sizeof frame + 4 * i, block, 4);
    bytes[size - 4] |= 1; /* the last one */
    stream.size = 0;
    put_stream (GZIP, bytes, size, 0);
    free (bytes);
    wrap_stream (GZIP);
    ck_assert_uint_lt (stream.size, 1000);
    expect_bomb ("zstd gzip gzip", UINT64_MAX, TENON_E_LIMIT, "raise inflated_ratio in [limits]");
    expect_bomb ("zstd gzip gzip", (uint64_t) 1 << 40, TENON_E_LIMIT, "raise inflated_ratio in [limits]");
    expect_bomb ("zstd gzip gzip", 1000, TENON_E_MALFORMED, "");
    wrap_stream (ZLIB);
    expect_bomb ("zstd gzip gzip zlib", UINT64_MAX, TENON_E_LIMIT, "raise inflated_ratio in [limits]");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "streams");
    tcase_add_test (tests, test_members);
    tcase_add_test (tests, test_trailers);
    tcase_add_test (tests, test_tables);
    tcase_add_test (tests, test_zlib);
    tests = kit_case (suite, "bombs");
    tcase_add_test (tests, test_twice);
    tcase_add_test (tests, test_between);
    tcase_add_test (tests, test_terabyte);
}

int
main (void)
{
    return kit_main ("streams", fill_suite);
}
