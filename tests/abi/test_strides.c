/* SPDX-License-Identifier: MIT */
/* test_strides.c - tensors, arrays and results with strides: any slice of any tensor, compared with
 * arithmetic, out of files, parts and filters; hostile strides; and what becomes of them when they are saved.
 */
#include "kit.h"
#include <stdbool.h>

/* ---- files of the codec toylay ---- */

enum { BARE, PART, CHECKED, FILTERED, IN_BLOCKS, KINDS };
enum { BLOCK = 4096, PACKED = 0x80, OPAQUE = 100 };

struct lay {
    uint64_t offset; /* in the data */
    uint8_t dtype, flags, rank, storage;
    uint64_t shape[8];
    int64_t strides[8];
};

static uint8_t *whole; /* the file */
static size_t whole_size;
static uint8_t *pool; /* its data, decoded */
static size_t pool_size;

static uint64_t seed;

static uint64_t
draw (uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return below ? (seed >> 33) % below : 0;
}

static void
make_pool (size_t size)
{
    pool = realloc (pool, size);
    pool_size = size;
    for (size_t i = 0; i < size; i++)
        pool[i] = (uint8_t) (i * 131 + i / 251 * 7 + i / 65521);
}

static uint32_t
crc_of (const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void
put_le (uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        whole[whole_size++] = (uint8_t) (number >> 8 * i);
}

static void
put_data (int kind)
{
    size_t block = kind == IN_BLOCKS ? BLOCK : pool_size;
    for (size_t at = 0; at < pool_size; at += block) {
        size_t size = pool_size - at < block ? pool_size - at : block;
        if (kind >= FILTERED)
            put_le (size | (at + size == pool_size ? 0x80000000u : 0), 4);
        for (size_t i = 0; i < size; i++)
            whole[whole_size++] = (uint8_t) (pool[at + i] ^ (kind >= FILTERED ? (uint8_t) i : 0));
    }
}

/* Writes f.toylay. The data begin behind the header. */
static void
put_file (int kind, const struct lay *tensors, uint32_t count)
{
    uint64_t head = 48;
    for (uint32_t i = 0; i < count; i++)
        head += 12 + 16u * tensors[i].rank;
    whole = realloc (whole, head + pool_size + 4 * (pool_size / BLOCK + 2));
    whole_size = 0;
    memcpy (whole, "TLAY", 4), whole_size = 4;
    put_le (count, 4), put_le (kind >= FILTERED ? FILTERED : (unsigned) kind, 4);
    put_le (kind == CHECKED ? crc_of (pool, pool_size) : 0, 4);
    uint64_t blocks = kind == IN_BLOCKS ? (pool_size + BLOCK - 1) / BLOCK : 1;
    put_le (head, 8), put_le (pool_size + (kind >= FILTERED ? 4 * blocks : 0), 8), put_le (pool_size, 8);
    put_le (kind == IN_BLOCKS ? BLOCK : 0, 8);
    for (uint32_t i = 0; i < count; i++) {
        const struct lay *lay = &tensors[i];
        put_le (lay->dtype, 1), put_le (lay->flags, 1), put_le (lay->rank, 1), put_le (lay->storage, 1);
        put_le (lay->offset + (kind == BARE ? head : 0), 8);
        for (uint32_t k = 0; k < lay->rank; k++)
            put_le (lay->shape[k], 8);
        for (uint32_t k = 0; k < lay->rank; k++)
            put_le ((uint64_t) lay->strides[k], 8);
    }
    ck_assert_uint_eq (whole_size, head);
    put_data (kind);
    kit_save ("f.toylay", whole, whole_size);
}

static void
use_plugins (const char *settings)
{
    kit_plugins ("toylay toyxor toyraw toyplain toydump", settings);
}

/* ---- the model ---- */

struct box {
    uint64_t start[8], count[8];
    int64_t step[8];
};

static uint64_t
size_of (const struct lay *lay)
{
    return lay->dtype == OPAQUE ? 12 : lay->dtype == TENON_U8 ? 1 : lay->dtype == TENON_I16 ? 2 : 4;
}

static struct box
all_of (const struct lay *lay)
{
    struct box box;
    memset (&box, 0, sizeof box);
    for (uint32_t i = 0; i < lay->rank; i++)
        box.count[i] = lay->shape[i], box.step[i] = 1;
    return box;
}

static uint64_t
items_of (const struct lay *lay, const struct box *box)
{
    uint64_t items = 1;
    for (uint32_t i = 0; i < lay->rank; i++)
        items *= box->count[i];
    return items;
}

/* Item number `position` of a box, in C order: its bytes, little-endian, and its place on each axis. */
static void
pick_item (const struct lay *lay, const struct box *box, uint64_t position, uint8_t *to, uint64_t *index)
{
    uint64_t size = size_of (lay), rest = position;
    int64_t at = (int64_t) lay->offset;
    for (uint32_t i = lay->rank; i-- > 0; rest /= box->count[i]) {
        index[i] = rest % box->count[i];
        at +=
            (int64_t) (box->start[i] + index[i] * (uint64_t) box->step[i]) * lay->strides[i] * (int64_t) size;
    }
    ck_assert (at >= 0 && (uint64_t) at + size <= pool_size);
    bool big = (lay->flags & TENON_BIG_ENDIAN) && lay->dtype != OPAQUE;
    for (uint64_t b = 0; b < size; b++)
        to[big ? size - 1 - b : b] = pool[(uint64_t) at + b];
}

static double
number_of (const struct lay *lay, const uint8_t *item)
{
    uint32_t bits = 0;
    for (uint64_t b = 0; b < size_of (lay); b++)
        bits |= (uint32_t) item[b] << 8 * b;
    if (lay->dtype == TENON_U8)
        return (double) bits;
    return lay->dtype == TENON_I16 ? (double) (int16_t) bits : (double) (int32_t) bits;
}

/* The box, packed: as stored, or, of numbers, as f64. The caller frees it. */
static uint8_t *
expect_box (const struct lay *lay, const struct box *box, bool cast, uint64_t *size)
{
    uint64_t items = items_of (lay, box), item = cast ? 8 : size_of (lay), index[8];
    uint8_t *expected = malloc (items * item + 1), bytes[12];
    ck_assert (expected != NULL);
    for (uint64_t i = 0; i < items; i++) {
        pick_item (lay, box, i, bytes, index);
        double number = cast ? number_of (lay, bytes) : 0;
        memcpy (expected + i * item, cast ? (void *) &number : (void *) bytes, item);
    }
    *size = items * item;
    return expected;
}

/* ---- asking ---- */

static tenon_request
request_of (uint64_t number, const struct lay *lay, const struct box *box, bool cast)
{
    tenon_request request = { .struct_size = sizeof request,
                              .index = number,
                              .dtype = cast ? TENON_F64 : TENON_NONE,
                              .rank = lay->rank,
                              .start = box->start,
                              .count = box->count,
                              .step = box->step };
    return request;
}

static void
tell_wrong (const struct lay *lay, const struct box *box, const char *what)
{
    char text[600];
    int end = snprintf (text, sizeof text, "%s: seed %llu, dtype %u, offset %llu:", what,
                        (unsigned long long) seed, lay->dtype, (unsigned long long) lay->offset);
    for (uint32_t i = 0; i < lay->rank; i++)
        end += snprintf (text + end, sizeof text - (size_t) end, " %llu/%lld [%llu+%llu*%lld]",
                         (unsigned long long) lay->shape[i], (long long) lay->strides[i],
                         (unsigned long long) box->start[i], (unsigned long long) box->count[i],
                         (long long) box->step[i]);
    ck_abort_msg ("%s", text);
}

struct stream {
    const uint8_t *expected;
    uint64_t at, size;
    bool wrong;
};

static int
compare_piece (void *user, const void *data, uint64_t size)
{
    struct stream *stream = user;
    stream->wrong = stream->wrong || size > stream->size - stream->at
                    || memcmp (stream->expected + stream->at, data, size) != 0;
    stream->at += size;
    return stream->wrong;
}

static void
check_packed (tenon_file *file, uint64_t number, const struct lay *lay, const struct box *box, bool cast)
{
    tenon_request request = request_of (number, lay, box, cast);
    uint64_t size;
    uint8_t *expected = expect_box (lay, box, cast, &size), *found = calloc (size + 1, 1);
    request.data = found;
    request.size = size;
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (request.size, size);
    if (memcmp (found, expected, size) != 0)
        tell_wrong (lay, box, "read");
    struct stream stream = { expected, 0, size, false };
    status = tenon_stream (file, &request, compare_piece, &stream, NULL, &kit_error);
    if (stream.wrong || stream.at != size)
        tell_wrong (lay, box, "stream");
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    free (found);
    free (expected);
}

/* Strides that take the axes in any order and direction, with gaps. Returns the items from the first to
 * behind the last. */
static uint64_t
draw_result (uint32_t rank, const uint64_t *count, int64_t *strides, uint64_t *low)
{
    uint32_t order[8];
    uint64_t reach = 1;
    *low = 0;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t place = (uint32_t) draw (i + 1);
        order[i] = order[place], order[place] = i;
    }
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t step = reach + (draw (3) ? 0 : draw (4)), others = count[order[i]] ? count[order[i]] - 1 : 0;
        bool back = draw (5) == 0;
        strides[order[i]] = back ? -(int64_t) step : (int64_t) step;
        *low += back ? others * step : 0;
        reach += others * step;
    }
    return reach;
}

/* Into memory with strides: the bytes between stay as they are, or, if it was loaded, are 0. */
static void
check_scattered (tenon_file *file, uint64_t number, const struct lay *lay, const struct box *box, bool cast,
                 bool load)
{
    tenon_request request = request_of (number, lay, box, cast);
    int64_t strides[8] = { 0 };
    uint64_t size, low, item = cast ? 8 : size_of (lay), index[8], items = items_of (lay, box);
    uint64_t span = draw_result (lay->rank, box->count, strides, &low) * item;
    uint8_t *packed = expect_box (lay, box, cast, &size);
    uint8_t *expected = malloc (span), *found = malloc (span), bytes[12];
    memset (expected, load ? 0 : 0x5a, span);
    memset (found, 0x5a, span);
    for (uint64_t i = 0; i < items; i++) {
        int64_t at = (int64_t) (low * item);
        pick_item (lay, box, i, bytes, index);
        for (uint32_t k = 0; k < lay->rank; k++)
            at += (int64_t) index[k] * strides[k] * (int64_t) item;
        memcpy (expected + at, packed + i * item, item);
    }
    tenon_memory *memory = NULL;
    request.strides = strides;
    request.data = found + low * item;
    request.size = span;
    tenon_status status = load ? tenon_load (file, &request, 1, &memory, NULL, &kit_error)
                               : tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (request.size, items > 0 ? span : 0);
    if (items > 0 && memcmp ((uint8_t *) request.data - low * item, expected, span) != 0)
        tell_wrong (lay, box, load ? "load into strides" : "read into strides");
    tenon_memory_free (memory);
    free (packed);
    free (expected);
    free (found);
}

/* ---- any tensor, any slice ---- */

static const uint8_t dtypes[] = { TENON_U8, TENON_I16, TENON_I32, TENON_F32, OPAQUE };

/* Axes in any order, with gaps, repeated, backwards, or sliding over each other, inside the data. */
static struct lay
draw_lay (uint64_t most)
{
    struct lay lay;
    memset (&lay, 0, sizeof lay);
    lay.dtype = dtypes[draw (sizeof dtypes)];
    lay.flags = draw (3) ? 0 : TENON_BIG_ENDIAN;
    lay.rank = (uint8_t) draw (6);
    uint64_t low = 0, reach = 1, items = 1, room = pool_size / size_of (&lay);
    uint32_t order[8];
    for (uint32_t i = 0; i < lay.rank; i++) {
        uint32_t place = (uint32_t) draw (i + 1);
        order[i] = order[place], order[place] = i;
    }
    for (uint32_t i = 0; i < lay.rank; i++) {
        uint64_t kind = draw (8), step = kind == 0   ? 0
                                         : kind == 1 ? draw (5)
                                                     : reach + (draw (3) ? 0 : draw (40));
        uint64_t limit = step ? (room - reach) / step + 1 : most;
        uint64_t dim = 1 + draw (draw (3) ? 12 : draw (2) ? 200 : 3000);
        dim = dim > limit ? limit : dim;
        dim = dim > most / items ? most / items : dim;
        bool back = draw (5) == 0;
        lay.shape[order[i]] = dim;
        lay.strides[order[i]] = back ? -(int64_t) step : (int64_t) step;
        low += back ? (dim - 1) * step : 0;
        reach += (dim - 1) * step;
        items *= dim;
    }
    lay.offset = low * size_of (&lay) + draw (pool_size - reach * size_of (&lay) + 1);
    if (lay.rank > 0 && draw (30) == 0)
        lay.shape[draw (lay.rank)] = 0;
    return lay;
}

static struct box
draw_box (const struct lay *lay)
{
    struct box box = all_of (lay);
    for (uint32_t i = 0; i < lay->rank; i++) {
        if (draw (2) || lay->shape[i] == 0)
            continue;
        box.start[i] = draw (lay->shape[i]);
        box.step[i] = 1 + (int64_t) draw (3);
        uint64_t most = (lay->shape[i] - box.start[i] - 1) / (uint64_t) box.step[i] + 1;
        box.count[i] = draw (4) ? most : draw (most + 1);
    }
    return box;
}

static void
check_tensor (tenon_file *file, uint64_t number, const struct lay *lay)
{
    struct box all = all_of (lay), some = draw_box (lay);
    bool numbers = lay->dtype == TENON_U8 || lay->dtype == TENON_I16 || lay->dtype == TENON_I32;
    check_packed (file, number, lay, &all, false);
    check_packed (file, number, lay, &some, numbers && draw (2));
    check_scattered (file, number, lay, &some, numbers && draw (2), draw (2));
    if (numbers)
        check_packed (file, number, lay, &all, true);
    check_scattered (file, number, lay, &all, false, false);
}

static void
check_many (int kind, unsigned files, unsigned each, size_t data, uint64_t most)
{
    struct lay tensors[64];
    for (unsigned i = 0; i < files; i++) {
        make_pool (data - draw (1000));
        for (unsigned k = 0; k < each; k++)
            tensors[k] = draw_lay (most);
        put_file (kind, tensors, each);
        tenon_file *file = kit_open ("f.toylay", NULL, NULL);
        for (unsigned k = 0; k < each; k++)
            check_tensor (file, k, &tensors[k]);
        tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_close (file);
    }
}

START_TEST (any_slice)
{
    use_plugins ("core.threads=3 limits.memory=1MiB");
    seed = (uint64_t) _i + 1;
    check_many (_i, 6, 40, 60000, 20000);
}
END_TEST

/* Large enough for tiles, windows and spools. */
START_TEST (any_large_slice)
{
    use_plugins ("core.threads=3 limits.memory=1MiB");
    seed = (uint64_t) _i + 100;
    check_many (_i, 2, 5, 3000000, 900000);
}
END_TEST

/* The same out of memory, and in the calling thread. */
START_TEST (out_of_memory)
{
    struct lay tensors[40];
    use_plugins ("core.threads=1");
    seed = 77;
    make_pool (50000);
    for (unsigned k = 0; k < 40; k++)
        tensors[k] = draw_lay (20000);
    put_file (BARE, tensors, 40);
    tenon_file *file = NULL;
    tenon_status status = tenon_open_memory (kit, whole, whole_size, NULL, &file, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    for (unsigned k = 0; k < 40; k++)
        check_tensor (file, k, &tensors[k]);
    tenon_close (file);
}
END_TEST

/* ---- by hand ---- */

static tenon_file *
open_one (int kind, const struct lay *lay)
{
    put_file (kind, lay, 1);
    return kit_open ("f.toylay", NULL, NULL);
}

START_TEST (matrix_by_hand)
{
    static const uint8_t bytes[] = { 10, 11, 12, 20, 21, 22 };
    use_plugins (NULL);
    make_pool (6);
    memcpy (pool, bytes, 6);
    const struct lay turned = { 0, TENON_U8, 0, 2, 0, { 3, 2 }, { 1, 3 } },
                     back = { 5, TENON_U8, 0, 1, 0, { 6 }, { -1 } },
                     again = { 1, TENON_U8, 0, 2, 0, { 2, 3 }, { 0, 2 } },
                     window = { 0, TENON_U8, 0, 2, 0, { 3, 4 }, { 1, 1 } };
    const struct lay all[] = { turned, back, again, window };
    put_file (BARE, all, 4);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    kit_data (file, "t0", "", "\12\24\13\25\14\26", 6);
    kit_data (file, "t1", "", "\26\25\24\14\13\12", 6);
    kit_data (file, "t2", "", "\13\24\26\13\24\26", 6);
    kit_data (file, "t3", "", "\12\13\14\24\13\14\24\25\14\24\25\26", 12);
    kit_data (file, "t1", "i16", "\26\0\25\0\24\0\14\0\13\0\12\0", 12);
    tenon_close (file);
}
END_TEST

/* Strides of a packed tensor are none. */
START_TEST (shown)
{
    use_plugins (NULL);
    make_pool (400);
    const struct lay all[] = { { 0, TENON_I32, 0, 2, 0, { 4, 5 }, { 5, 1 } },
                               { 0, TENON_I32, 0, 2, 0, { 4, 5 }, { 1, 4 } },
                               { 40, TENON_I32, 0, 2, 0, { 4, 5 }, { 7, -2 } },
                               { 0, TENON_I32, 0, 3, 0, { 1, 5, 1 }, { -3, 1, 99 } },
                               { 0, TENON_I32, 0, 2, 0, { 0, 5 }, { INT64_MIN, INT64_MAX } },
                               { 8, TENON_I32, 0, 0, 0, { 0 }, { 0 } },
                               { 4, TENON_I32, 0, 1, 0, { 3 }, { 0 } } };
    put_file (BARE, all, 7);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    const void *data;
    uint64_t size, head = whole_size - pool_size;
    ck_assert_ptr_null (kit_tensor (file, "t0").strides);
    ck_assert_uint_eq (kit_tensor (file, "t0").flags, TENON_ALIAS);
    ck_assert_ptr_null (kit_tensor (file, "t1").strides);
    ck_assert_uint_eq (kit_tensor (file, "t1").flags, TENON_ALIAS | TENON_FORTRAN);
    tenon_tensor_info info = kit_tensor (file, "t2");
    ck_assert (info.strides && info.strides[0] == 7 && info.strides[1] == -2);
    ck_assert_uint_eq (info.offset, head + 40);
    ck_assert_uint_eq (info.nbytes, 80);
    ck_assert_uint_eq (info.stored, (3 * 7 + 4 * 2 + 1) * 4);
    ck_assert_ptr_null (kit_tensor (file, "t3").strides);
    ck_assert_ptr_null (kit_tensor (file, "t4").strides);
    ck_assert_ptr_null (kit_tensor (file, "t5").strides);
    ck_assert_ptr_nonnull (kit_tensor (file, "t6").strides);
    ck_assert_uint_eq (kit_value (file, "shown").as.u, 2);
    ck_assert_int_eq (tenon_map (file, 0, &data, &size, &kit_error), TENON_OK);
    ck_assert_mem_eq (data, pool, 80);
    ck_assert_int_eq (tenon_map (file, 1, &data, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 80);
    kit_failed (tenon_map (file, 2, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE,
                "its items lie in strides, and not one behind the other");
    kit_data (file, "t6", "", "\14\217\22\225\14\217\22\225\14\217\22\225", 12);
    tenon_close (file);
}
END_TEST

/* ---- hostile ---- */

static void
refuse_lay (const struct lay *lay, tenon_status status, const char *words)
{
    put_file (BARE, lay, 1);
    kit_open_fails ("f.toylay", NULL, NULL, status, words);
}

static void
spoil_lay (const struct lay *lay, tenon_status status, const char *words)
{
    tenon_file *file = open_one (BARE, lay);
    tenon_tensor_info info = kit_tensor (file, "t0");
    ck_assert_int_eq (info.unreadable, status);
    kit_said (info.why, words);
    kit_data_fails (file, "t0", "", status, words);
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), status, words);
    tenon_close (file);
}

START_TEST (hostile)
{
    use_plugins ("limits.inflated_bytes=1GiB limits.inflated_ratio=33000");
    make_pool (1000);
    const int64_t most = INT64_MAX, least = INT64_MIN;
    const uint64_t half = (uint64_t) 1 << 62;
    refuse_lay (&(struct lay){ 0, TENON_I32, 0, 1, 0, { 2 }, { least } }, TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_I32, 0, 1, 0, { 2 }, { most } }, TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 1, 0, { 2 }, { most } }, TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 2, 2 }, { (int64_t) half, (int64_t) half } },
                TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 2, 2 }, { most - 1, -most } }, TENON_E_MALFORMED,
                "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 1u << 31, 1u << 31 }, { 1, (int64_t) 1 << 33 } },
                TENON_E_MALFORMED, "2^63");
    refuse_lay (&(struct lay){ 4, TENON_U8, 0, 1, 0, { 200 }, { -1 } }, TENON_E_MALFORMED,
                "its strides reach 199 bytes before its offset, which is 80");
    refuse_lay (&(struct lay){ UINT64_MAX - 300, TENON_U8, 0, 1, 0, { 2 }, { 200 } }, TENON_E_MALFORMED,
                "where no file has any");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { half, half }, { 0, 0 } }, TENON_E_MALFORMED, "2^63");
    spoil_lay (&(struct lay){ 800, TENON_I32, 0, 1, 0, { 26 }, { 2 } }, TENON_E_TRUNCATED,
               "26 i32 needs 204 bytes at offset 876, the file ends at 1076");
    spoil_lay (&(struct lay){ 1204, TENON_U8, 0, 1, 0, { 6 }, { -40 } }, TENON_E_TRUNCATED,
               "needs 201 bytes");
    /* a file of a kilobyte does not become one of a mebibyte and more by repeating */
    spoil_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 1u << 20, 1000 }, { 0, 1 } }, TENON_E_LIMIT,
               "it would expand to 1048576000 bytes, more than 1100 times the 1092 that the file has");
    spoil_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { (uint64_t) 1 << 40, 1000 }, { 0, 1 } }, TENON_E_LIMIT,
               "raise inflated_bytes in [limits]");
    spoil_lay (&(struct lay){ 0, TENON_U8, 0, 1, 0, { (uint64_t) 1 << 62 }, { 0 } }, TENON_E_LIMIT,
               "raise inflated_bytes in [limits]");
}
END_TEST

/* Together they are bounded, too. */
START_TEST (hostile_many)
{
    struct lay tensors[20];
    use_plugins ("limits.inflated_ratio=33000");
    make_pool (1000);
    for (unsigned i = 0; i < 20; i++)
        tensors[i] = (struct lay){ 0, TENON_U8, 0, 2, 0, { 200, 1000 }, { 0, 1 } };
    put_file (BARE, tensors, 20);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    ck_assert_int_eq (kit_tensor (file, "t0").unreadable, TENON_OK);
    ck_assert_int_eq (kit_tensor (file, "t19").unreadable, TENON_E_LIMIT);
    tenon_close (file);
}
END_TEST

START_TEST (misuse)
{
    use_plugins (NULL);
    make_pool (1000);
    refuse_lay (&(struct lay){ 0, TENON_I32, TENON_FORTRAN, 2, 0, { 2, 3 }, { 3, 1 } }, TENON_E_MISUSE,
                "the codec toylay: a tensor with strides is a range, and its flags tell no order");
    refuse_lay (&(struct lay){ 0, TENON_I32, 0, 2, 1, { 2, 3 }, { 3, 1 } }, TENON_E_MISUSE,
                "a tensor with strides is a range");
    refuse_lay (&(struct lay){ 0, TENON_F4, 0, 1, 0, { 4 }, { 2 } }, TENON_E_UNSUPPORTED,
                "blocks of f4 cannot have strides");
}
END_TEST

/* ---- results ---- */

static void
refuse_result (tenon_file *file, tenon_request request, tenon_status status, const char *words)
{
    uint8_t room[4096];
    request.struct_size = sizeof request;
    request.data = room + 2048;
    request.size = request.size ? request.size : 2048;
    kit_failed (tenon_read (file, &request, 1, NULL, &kit_error), status, words);
}

START_TEST (wrong_results)
{
    use_plugins (NULL);
    make_pool (1000);
    tenon_file *file = open_one (BARE, &(struct lay){ 0, TENON_I32, 0, 2, 0, { 3, 4 }, { 4, 1 } });
    struct stream stream = { NULL, 0, 0, false };
    const int64_t same[] = { 0, 1 }, over[] = { 3, 1 }, tie[] = { 1, 1 }, high[] = { INT64_MAX, 1 },
                  low[] = { INT64_MIN, 1 }, wide[] = { 10, 2 };
    refuse_result (file, (tenon_request){ .strides = same }, TENON_E_MISUSE,
                   "a stride of 0 in dim 0 lets items of the result overlap");
    refuse_result (file, (tenon_request){ .strides = over }, TENON_E_MISUSE, "a stride of 3 in dim 0");
    refuse_result (file, (tenon_request){ .strides = tie }, TENON_E_MISUSE, "overlap");
    refuse_result (file, (tenon_request){ .strides = high }, TENON_E_MISUSE, "2^62 bytes");
    refuse_result (file, (tenon_request){ .strides = low }, TENON_E_MISUSE, "2^62 bytes");
    refuse_result (file, (tenon_request){ .strides = wide, .dtype = TENON_F4 }, TENON_E_UNSUPPORTED,
                   "items of f4 are packed together and cannot have strides");
    refuse_result (file, (tenon_request){ .strides = wide, .size = 4 * 26 }, TENON_E_MISUSE,
                   "108 bytes are needed, there is room for 104");
    tenon_request request = { .struct_size = sizeof request, .strides = wide };
    kit_failed (tenon_stream (file, &request, compare_piece, &stream, NULL, &kit_error), TENON_E_MISUSE,
                "a stream is packed");
    uint64_t size = 0;
    ck_assert_int_eq (tenon_request_size (file, &request, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 4 * (2 * 10 + 3 * 2 + 1));
    tenon_close (file);
}
END_TEST

/* ---- arrays, and saving ---- */

static void
add_array (tenon_plan *plan, const char *name, const struct lay *lay)
{
    uint64_t low = 0, reach = 1;
    for (uint32_t i = 0; i < lay->rank; i++) {
        uint64_t step = (uint64_t) (lay->strides[i] < 0 ? -lay->strides[i] : lay->strides[i]);
        uint64_t others = lay->shape[i] ? (lay->shape[i] - 1) * step : 0;
        low += lay->strides[i] < 0 ? others : 0;
        reach += others;
    }
    struct box box = all_of (lay);
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = lay->dtype,
                          .name = name,
                          .shape = lay->shape,
                          .rank = lay->rank,
                          .flags = lay->flags,
                          .data = pool + lay->offset,
                          .size = items_of (lay, &box) ? reach * size_of (lay) : 0,
                          .strides = lay->strides };
    (void) low;
    tenon_status status = tenon_plan_add (plan, &array, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

static void
expect_saved (const char *name, const struct lay *tensors, unsigned count)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    for (unsigned i = 0; i < count; i++) {
        char tensor[8];
        struct box box = all_of (&tensors[i]);
        uint64_t size;
        uint8_t *expected = expect_box (&tensors[i], &box, false, &size);
        snprintf (tensor, sizeof tensor, "t%u", i);
        kit_data (file, tensor, "", expected, size);
        free (expected);
    }
    tenon_close (file);
}

/* Arrays of the program, and the tensors of a file, in both orders, through pieces of a small memory. */
static void
check_saving (int kind, const char *settings)
{
    struct lay tensors[12];
    for (unsigned k = 0; k < 12;) {
        tensors[k] = draw_lay (k < 2 ? 400000 : 3000);
        k += tensors[k].dtype != OPAQUE && tensors[k].dtype != TENON_I32;
    }
    put_file (kind, tensors, 12);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    tenon_plan *arrays = NULL, *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    ck_assert_int_eq (tenon_plan_new (kit, &arrays, NULL), TENON_OK);
    for (unsigned i = 0; i < 12; i++) {
        char name[8];
        snprintf (name, sizeof name, "t%u", i);
        add_array (arrays, name, &tensors[i]);
        ck_assert_int_eq (tenon_plan_add_from (plan, file, i, NULL, TENON_NONE, &kit_error), TENON_OK);
    }
    tenon_close (file);
    tenon_report *report = NULL;
    tenon_status status = kit_write (arrays, "a.toyplain", NULL, settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    status = kit_write (plan, "b.toyplain", NULL, settings, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from strides to "));
    tenon_report_free (report);
    expect_saved ("a.toyplain", tensors, 12);
    expect_saved ("b.toyplain", tensors, 12);
    tenon_plan_free (plan);
    tenon_plan_free (arrays);
}

START_TEST (saving)
{
    use_plugins ("core.threads=3 limits.memory=1MiB");
    seed = (uint64_t) _i + 1000;
    make_pool (500000);
    check_saving (_i, NULL);
    check_saving (_i, "toyplain.fortran=yes");
}
END_TEST

/* Two tensors at one offset are the same bytes if their strides are the same. */
START_TEST (twins)
{
    use_plugins (NULL);
    make_pool (500);
    struct lay all[] = { { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 13, 2 } },
                         { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 2, 13 } },
                         { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 6, 1 } },
                         { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 13, 2 } } };
    for (unsigned count = 3; count <= 4; count++) {
        tenon_report *report = NULL;
        tenon_plan *plan = NULL;
        put_file (BARE, all, count);
        tenon_file *file = kit_open ("f.toylay", NULL, NULL);
        ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
        for (unsigned i = 0; i < count; i++)
            ck_assert_int_eq (tenon_plan_add_from (plan, file, i, NULL, TENON_NONE, &kit_error), TENON_OK);
        tenon_close (file);
        tenon_status status = kit_write (plan, "t.toyplain", NULL, NULL, &report);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        ck_assert_int_eq (kit_reported (report, TENON_NOTE, "written twice: it shares its bytes with 't0'"),
                          count == 4);
        ck_assert (!kit_reported (report, TENON_NOTE, "shares its bytes with 't1'"));
        tenon_report_free (report);
        tenon_plan_free (plan);
        expect_saved ("t.toyplain", all, count);
    }
}
END_TEST

/* Carried as bytes, in the order of its items, and restored. */
START_TEST (carried)
{
    use_plugins (NULL);
    make_pool (500);
    const struct lay lay = { 300, TENON_I32, TENON_BIG_ENDIAN, 2, 0, { 5, 6 }, { -13, 2 } };
    tenon_file *file = open_one (BARE, &lay);
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_CARRY };
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, 0, NULL, TENON_NONE, &kit_error), TENON_OK);
    tenon_close (file);
    tenon_status status = tenon_save (plan, kit_path ("c.toyplain"), &options, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from strides to C"));
    tenon_report_free (report);
    tenon_plan_free (plan);
    expect_saved ("c.toyplain", &lay, 1);
    file = kit_open ("c.toyplain", NULL, NULL);
    ck_assert_uint_eq (kit_tensor (file, "t0").dtype, TENON_I32);
    tenon_close (file);
}
END_TEST

static void
refuse_array (tenon_array array, tenon_status status, const char *words)
{
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    array.struct_size = sizeof array;
    array.name = "a";
    kit_failed (tenon_plan_add (plan, &array, &kit_error), status, words);
    tenon_plan_free (plan);
}

static tenon_status
never_called (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) user, (void) offset, (void) to, (void) length;
    return TENON_E_IO;
}

START_TEST (wrong_arrays)
{
    static const uint64_t shape[] = { 3, 4 };
    static const int64_t strides[] = { 10, 2 }, high[] = { INT64_MAX, 1 }, low[] = { INT64_MIN, 1 };
    uint8_t data[128];
    use_plugins (NULL);
    tenon_array good = { .dtype = TENON_I32, .shape = shape, .rank = 2, .data = data, .size = 108 }, bad;
    bad = good, bad.strides = strides, bad.size = 48;
    refuse_array (bad, TENON_E_MISUSE, "its shape, strides and dtype need 108 bytes, 48 were given");
    bad = good, bad.strides = high;
    refuse_array (bad, TENON_E_MISUSE, "its strides reach over 2^63 bytes or more");
    bad = good, bad.strides = low;
    refuse_array (bad, TENON_E_MISUSE, "its strides reach over 2^63 bytes or more");
    bad = good, bad.strides = strides, bad.flags = TENON_FORTRAN;
    refuse_array (bad, TENON_E_MISUSE, "an array with strides needs no TENON_FORTRAN");
    bad = good, bad.strides = strides, bad.data = NULL, bad.fill = never_called;
    refuse_array (bad, TENON_E_MISUSE, "fill makes packed data");
    bad = good, bad.strides = strides, bad.dtype = TENON_F4;
    refuse_array (bad, TENON_E_UNSUPPORTED, "items of f4 are packed together and cannot have strides");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *slices = kit_case (suite, "slices"), *rules = kit_case (suite, "rules");
    tcase_set_timeout (slices, 300);
    tcase_add_loop_test (slices, any_slice, 0, KINDS);
    tcase_add_loop_test (slices, any_large_slice, 0, KINDS);
    tcase_add_test (slices, out_of_memory);
    tcase_add_loop_test (slices, saving, 0, KINDS);
    tcase_add_test (rules, matrix_by_hand);
    tcase_add_test (rules, shown);
    tcase_add_test (rules, hostile);
    tcase_add_test (rules, hostile_many);
    tcase_add_test (rules, misuse);
    tcase_add_test (rules, wrong_results);
    tcase_add_test (rules, twins);
    tcase_add_test (rules, carried);
    tcase_add_test (rules, wrong_arrays);
}

int
main (void)
{
    return kit_main ("strides", fill_suite);
}
