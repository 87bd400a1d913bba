/* SPDX-License-Identifier: MIT */
/* test_open.c - what opening a file may cost: the memory that the library really allocates stays below the
 * limit, whatever the file consists of, and the program can stop each phase. */
#include "rig.h"
#include <zlib.h>

/* Memory of fixed size that is not drawn: the context, buffers of the readahead, decoders of the threads. */
#define FIXED (3 << 20)

/* ---- files ---- */

struct out {
    uint8_t *data;
    size_t size, room;
};

static void
put_bytes (struct out *out, const void *bytes, size_t size)
{
    if (size > out->room - out->size) {
        out->room = 2 * (out->size + size);
        out->data = realloc (out->data, out->room);
        ck_assert_ptr_nonnull (out->data);
    }
    if (size > 0)
        memcpy (out->data + out->size, bytes, size);
    out->size += size;
}

static void
put_le (struct out *out, uint64_t number, unsigned width)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < width; i++)
        bytes[i] = (uint8_t) (number >> 8 * i);
    put_bytes (out, bytes, width);
}

__attribute__ ((format (printf, 2, 3))) static void
put_text (struct out *out, const char *format, ...)
{
    char text[1000];
    va_list list;
    va_start (list, format);
    put_bytes (out, text, (size_t) vsnprintf (text, sizeof text, format, list));
    va_end (list);
}

static void
save_out (const char *name, struct out *out)
{
    kit_save (name, out->data, out->size);
    free (out->data);
    *out = (struct out){ 0 };
}

/* ---- zips ---- */

static void
put_header (struct out *to, int central, unsigned method, const struct out *stored, const struct out *body,
            const char *name, uint64_t offset)
{
    put_le (to, central ? 0x02014b50 : 0x04034b50, 4);
    put_le (to, 20, central ? 2 : 0);
    put_le (to, 20, 2);
    put_le (to, 0, 2);
    put_le (to, method, 2);
    put_le (to, 0x210000, 4);
    put_le (to, crc32 (0, body->data, (uInt) body->size), 4);
    put_le (to, stored->size, 4);
    put_le (to, body->size, 4);
    put_le (to, strlen (name), 2);
    put_le (to, 0, central ? 6 : 2);
    put_le (to, 0, central ? 6 : 0);
    put_le (to, offset, central ? 4 : 0);
    put_bytes (to, name, strlen (name));
}

static struct out
deflate_bytes (const struct out *body)
{
    struct out out = { .room = compressBound ((uLong) body->size) + 64 };
    z_stream z;
    memset (&z, 0, sizeof z);
    out.data = malloc (out.room);
    ck_assert_int_eq (deflateInit2 (&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = body->data, z.avail_in = (uInt) body->size;
    z.next_out = out.data, z.avail_out = (uInt) out.room;
    ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
    out.size = z.total_out;
    deflateEnd (&z);
    return out;
}

/* `count` members with the same body: BEFORE, a number, BEHIND. Frees the body. */
static struct out
make_zip (unsigned count, const char *before, const char *behind, struct out body, int deflated)
{
    struct out zip = { 0 }, directory = { 0 };
    struct out stored = deflated ? deflate_bytes (&body) : body;
    static char shown[70000];
    for (unsigned i = 0; i < count; i++) {
        uint64_t at = zip.size;
        snprintf (shown, sizeof shown, "%s%05u%s", before, i, behind);
        put_header (&zip, 0, deflated ? 8 : 0, &stored, &body, shown, 0);
        put_bytes (&zip, stored.data, stored.size);
        put_header (&directory, 1, deflated ? 8 : 0, &stored, &body, shown, at);
    }
    uint64_t at = zip.size;
    put_bytes (&zip, directory.data, directory.size);
    put_le (&zip, 0x06054b50, 8);
    put_le (&zip, count, 2);
    put_le (&zip, count, 2);
    put_le (&zip, directory.size, 4);
    put_le (&zip, at, 4);
    put_le (&zip, 0, 2);
    if (deflated)
        free (stored.data);
    free (body.data);
    free (directory.data);
    return zip;
}

/* `count` bytes. */
static struct out
make_npy (unsigned count)
{
    static const uint8_t zeros[4096];
    struct out npy = { 0 };
    char header[118];
    snprintf (header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%u,), }", count);
    put_bytes (&npy, "\x93NUMPY\1\0", 8);
    put_le (&npy, 118, 2);
    put_text (&npy, "%-117s\n", header);
    for (unsigned at = 0; at < count; at += sizeof zeros)
        put_bytes (&npy, zeros, count - at < sizeof zeros ? count - at : sizeof zeros);
    return npy;
}

/* An archive in archives. Their names, of 60,000 bytes each, go before those of all its tensors. */
static struct out
make_deep (const char *extension, struct out body, unsigned levels, int deflated)
{
    static char name[60001];
    memset (name, 'A', 60000);
    for (unsigned i = 0; i < levels; i++)
        body = make_zip (1, name, i ? ".npz" : extension, body, deflated);
    return body;
}

/* ---- samples: each takes at least 8 MiB ---- */

static struct out
many_members (void)
{
    return make_zip (30000, "", ".npy", make_npy (0), 0);
}

static struct out
many_deflated (void)
{
    return make_zip (30000, "", ".npy", make_npy (0), 1);
}

static struct out
unknown_members (void)
{
    struct out body = { 0 };
    put_text (&body, "{\"to\":\"whom it may concern\"}");
    return make_zip (30000, "dir/", "", body, 0);
}

static struct out
begin_gguf (uint64_t tensors, uint64_t pairs)
{
    struct out gguf = { 0 };
    put_text (&gguf, "GGUF");
    put_le (&gguf, 3, 4);
    put_le (&gguf, tensors, 8);
    put_le (&gguf, pairs, 8);
    return gguf;
}

static struct out
many_pairs (unsigned count)
{
    struct out gguf = begin_gguf (0, count);
    for (unsigned i = 0; i < count; i++) {
        put_le (&gguf, 6, 8);
        put_text (&gguf, "%06x", i);
        put_le (&gguf, 7, 4); /* a bool */
        put_le (&gguf, 1, 1);
    }
    put_le (&gguf, 0, 8), put_le (&gguf, 0, 8);
    return gguf;
}

static struct out
many_keys (void)
{
    return many_pairs (60000);
}

static struct out
make_gguf (unsigned count)
{
    struct out gguf = begin_gguf (count, 0);
    for (unsigned i = 0; i < count; i++) {
        put_le (&gguf, 6, 8);
        put_text (&gguf, "%06x", i);
        put_le (&gguf, 1, 4); /* a dim of 0, f32, offset 0 */
        put_le (&gguf, 0, 8), put_le (&gguf, 0, 4), put_le (&gguf, 0, 8);
    }
    for (unsigned i = 0; i < 8; i++)
        put_le (&gguf, 0, 8);
    return gguf;
}

static struct out
gguf_tensors (void)
{
    return make_gguf (80000);
}

static struct out
deep_names (void)
{
    return make_deep (".gguf", make_gguf (150), 2, 0);
}

static struct out
nested_arrays (void)
{
    enum { COUNT = 120000 };
    struct out gguf = begin_gguf (0, 1);
    put_le (&gguf, 1, 8);
    put_text (&gguf, "k");
    put_le (&gguf, 9, 4), put_le (&gguf, 9, 4), put_le (&gguf, COUNT, 8);
    for (unsigned i = 0; i < COUNT; i++)
        put_le (&gguf, 4, 4), put_le (&gguf, 0, 8);
    put_le (&gguf, 0, 8), put_le (&gguf, 0, 8), put_le (&gguf, 0, 8), put_le (&gguf, 0, 8);
    return gguf;
}

/* The length before the JSON, and `data` bytes behind it. */
static struct out
end_safetensors (struct out json, size_t data)
{
    struct out file = { 0 };
    put_le (&file, json.size, 8);
    put_bytes (&file, json.data, json.size);
    free (json.data);
    for (size_t i = 0; i < data; i++)
        put_le (&file, 0, 1);
    return file;
}

/* In the order of their data, or backwards. */
static struct out
make_tensors (unsigned count, int backwards)
{
    struct out json = { 0 };
    for (unsigned i = 0; i < count; i++) {
        unsigned at = backwards ? count - 1 - i : i;
        put_text (&json, "%c\"%06x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%u,%u]}",
                  i ? ',' : '{', i, at, at + 1);
    }
    put_text (&json, "}");
    return end_safetensors (json, count);
}

static struct out
tensors_in_order (void)
{
    return make_tensors (60000, 0);
}

static struct out
tensors_backwards (void)
{
    return make_tensors (60000, 1);
}

static struct out
huge_ranks (void)
{
    enum { COUNT = 20000 };
    struct out json = { 0 };
    for (unsigned i = 0; i < COUNT; i++) {
        put_text (&json, "%c\"%06x\":{\"dtype\":\"U8\",\"shape\":[0", i ? ',' : '{', i);
        for (unsigned k = 1; k < 64; k++)
            put_text (&json, ",0");
        put_text (&json, "],\"data_offsets\":[0,0]}");
    }
    put_text (&json, "}");
    return end_safetensors (json, 0);
}

static struct out
strings (unsigned count)
{
    struct out json = { 0 };
    for (unsigned i = 0; i < count; i++)
        put_text (&json, "%s\"%x\":\"\"", i ? "," : "{\"__metadata__\":{", i);
    put_text (&json, "}}");
    return end_safetensors (json, 0);
}

static struct out
many_strings (void)
{
    return strings (60000);
}

/* Empty arrays in an array, as a record of types describes them. */
static struct out
typed_metadata (void)
{
    static const char item[] = "{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"u8\\\",\\\"value\\\":[]}";
    struct out json = { 0 };
    for (unsigned i = 0; i < 60000; i++)
        put_text (&json, "%s%s", i ? "," : "{\"__metadata__\":{\"a\":\"[", item);
    put_text (&json, "]\",\"tenon.metadata\":\"{\\\"version\\\":1,\\\"types\\\":{\\\"a\\\":"
                     "[\\\"array\\\"]}}\"}}");
    return end_safetensors (json, 0);
}

static struct out
many_shards (void)
{
    struct out json = { 0 };
    for (unsigned i = 0; i < 40000; i++)
        put_text (&json, "%s\"%x\":\"s%x\"", i ? "," : "{\"weight_map\":{", i, i);
    put_text (&json, "}}");
    return json;
}

static const struct {
    struct out (*make) (void);
    const char *name;
    tenon_status status; /* under the default limits */
} samples[] = {
    { deep_names, "deep.npz", TENON_OK },
    { many_members, "members.npz", TENON_OK },
    { many_deflated, "deflated.npz", TENON_OK },
    { unknown_members, "unknown.npz", TENON_E_UNRECOGNISED },
    { many_keys, "keys.gguf", TENON_OK },
    { gguf_tensors, "tensors.gguf", TENON_OK },
    { nested_arrays, "nested.gguf", TENON_OK },
    { tensors_in_order, "order.safetensors", TENON_OK },
    { tensors_backwards, "backwards.safetensors", TENON_OK },
    { huge_ranks, "ranks.safetensors", TENON_OK },
    { many_strings, "strings.safetensors", TENON_OK },
    { typed_metadata, "typed.safetensors", TENON_OK },
    { many_shards, "many.safetensors.index.json", TENON_E_NOT_FOUND },
};

/* ---- opening ---- */

static unsigned asked, stop_at;

static int
count_questions (void *user, uint64_t done, uint64_t total)
{
    (void) user, (void) done, (void) total;
    return ++asked == stop_at;
}

/* Opens a file with one setting, or NULL. Returns the status; *peak is what was allocated at once. */
static tenon_status
open_with (const char *name, const char *setting, int64_t *peak)
{
    static const tenon_error fresh = TENON_ERROR_INIT;
    const char *const settings[] = { "core.threads=2", setting, NULL };
    tenon_context_options how = { .struct_size = sizeof how,
                                  .flags = TENON_CONTEXT_NO_FILES,
                                  .settings = settings };
    tenon_progress progress = { .struct_size = sizeof progress, .report = count_questions };
    tenon_open_options options = { .struct_size = sizeof options, .progress = &progress };
    const char *path = kit_path (name);
    tenon_context *context;
    tenon_file *file = NULL;
    kit_error = fresh;
    ck_assert_int_eq (tenon_context_new (&context, &how, &kit_error), TENON_OK);
    asked = 0;
    rig.peak ();
    int64_t before = rig.peak ();
    tenon_status status = tenon_open (context, path, &options, &file, &kit_error);
    *peak = rig.peak () - before;
    tenon_close (file);
    tenon_context_free (context);
    return status;
}

static void
begin_sample (int number)
{
    struct out out = samples[number].make ();
    save_out (samples[number].name, &out);
}

/* ---- the tests ---- */

/* The memory that a file takes is bounded, whatever it consists of. */
START_TEST (memory)
{
    const char *name = samples[_i].name;
    int64_t peak, bounded;
    char setting[100];
    begin_sample (_i);
    tenon_status status = open_with (name, NULL, &peak);
    ck_assert_msg (status == samples[_i].status, "%s: %s", name, kit_error.message);
    ck_assert_msg (peak > 8 << 20, "%s takes %lld bytes", name, (long long) peak);
    for (int64_t bound = peak / 2; bound >= peak / 8; bound /= 2) {
        snprintf (setting, sizeof setting, "limits.open_memory=%lld", (long long) bound);
        status = open_with (name, setting, &bounded);
        kit_failed (status, TENON_E_LIMIT, "bytes; raise open_memory in [limits]");
        ck_assert_msg (bounded <= bound + FIXED, "%s takes %lld bytes, %lld are allowed", name,
                       (long long) bounded, (long long) bound);
    }
}
END_TEST

/* The work that a file takes is bounded, and the program can stop it at every question. */
START_TEST (work)
{
    const char *name = samples[_i].name;
    int64_t peak;
    begin_sample (_i);
    stop_at = 0;
    tenon_status status = open_with (name, NULL, &peak);
    ck_assert_msg (status == samples[_i].status, "%s: %s", name, kit_error.message);
    unsigned questions = asked;
    ck_assert_uint_ge (questions, 1);
    unsigned step = questions / 8 + 1;
    for (stop_at = 1; stop_at <= questions; stop_at += step) {
        status = open_with (name, NULL, &peak);
        kit_failed (status, TENON_E_CANCELLED, "cancelled");
        ck_assert_uint_eq (asked, stop_at);
    }
    stop_at = 0;
    /* a question comes after 1 MiB of work, at most */
    for (unsigned mib = questions - 1; mib > 0; mib /= 2) {
        char setting[100];
        snprintf (setting, sizeof setting, "limits.open_work=%uMiB", mib);
        status = open_with (name, setting, &peak);
        kit_failed (status, TENON_E_LIMIT, "more work than copying … bytes; raise open_work in [limits]");
    }
}
END_TEST

/* ---- in proportion to the size of the file ---- */

/* 0.3 MB, of which the names alone take 120 MB. */
START_TEST (many_copies)
{
    int64_t peak;
    struct out out = make_deep (".gguf", make_gguf (1000), 2, 0);
    ck_assert_uint_lt (out.size, 300000);
    save_out ("f.npz", &out);
    tenon_status status = open_with ("f.npz", NULL, &peak);
    kit_failed (status, TENON_E_LIMIT, "raise open_memory_ratio in [limits]");
    ck_assert_int_lt (peak, 100 << 20);
    status = open_with ("f.npz", "limits.open_memory_ratio=400", &peak);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_int_gt (peak, 120000000);
}
END_TEST

/* Three archives of 30 MB in 0.1 MB. */
START_TEST (much_to_decode)
{
    int64_t peak;
    struct out out = make_zip (3, "", ".npz", make_zip (1, "", ".npy", make_npy (30000000), 0), 1);
    ck_assert_uint_lt (out.size, 100000);
    save_out ("f.npz", &out);
    tenon_status status = open_with ("f.npz", NULL, &peak);
    kit_failed (status, TENON_E_LIMIT,
                "bytes, too much for a file of its size; raise open_work_ratio in [limits]");
    ck_assert_int_lt (peak, 70 << 20);
    status = open_with ("f.npz", "limits.open_work_ratio=100000", &peak);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}
END_TEST

/* Honest extremes take more than any file may, and less than their size allows. */
START_TEST (honest)
{
    int64_t peak;
    struct out pairs = many_pairs (450000), texts = strings (450000);
    save_out ("f.gguf", &pairs);
    save_out ("f.safetensors", &texts);
    for (unsigned i = 0; i < 2; i++) {
        tenon_status status = open_with (i ? "f.gguf" : "f.safetensors", NULL, &peak);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        ck_assert_int_gt (peak, 64 << 20);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "open");
    tcase_set_timeout (tests, 300);
    tcase_add_loop_test (tests, memory, 0, sizeof samples / sizeof samples[0]);
    tcase_add_loop_test (tests, work, 0, sizeof samples / sizeof samples[0]);
    tcase_add_test (tests, many_copies);
    tcase_add_test (tests, much_to_decode);
    tcase_add_test (tests, honest);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("what opening costs", fill_suite);
}
