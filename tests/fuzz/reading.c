/* SPDX-License-Identifier: MIT */
/* reading.c - oracles: a tensor is the same by every way to read it. */
#include "fuzz.h"

/* Items of an array that are looked at. */
#define MOST_ITEMS 200u

/* ---- what a file holds ---- */

tenon_tensor_info
fuzz_tensor (const tenon_file *file, uint64_t index)
{
    tenon_tensor_info info = { .struct_size = sizeof info };
    if (tenon_get (file, index, &info) < 0)
        fuzz_fail ("there is no tensor %llu of %llu", (unsigned long long) index,
                   (unsigned long long) tenon_count (file));
    return info;
}

struct tenon_dtype
fuzz_dtype (const tenon_file *file, uint32_t dtype)
{
    struct tenon_dtype info = { .struct_size = sizeof info };
    if (tenon_dtype_get (fuzz_context (FUZZ_ONE), file, dtype, &info) < 0)
        fuzz_fail ("there is no dtype %u", dtype);
    return info;
}

const uint8_t *
fuzz_load (tenon_file *file, uint64_t index, uint32_t dtype, uint64_t *size, tenon_memory **memory,
           tenon_error *error)
{
    tenon_request request = { .struct_size = sizeof request, .index = index, .dtype = dtype };
    *error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_load (file, &request, 1, memory, NULL, error);
    if (status != error->status || (status < 0 && (*memory || !error->message[0])))
        fuzz_fail ("load returns %d, the error says %d '%s'", status, error->status, error->message);
    *size = request.size;
    static const uint8_t nothing[1] = { 0 };
    return status < 0 ? NULL : request.size == 0 ? nothing : request.data;
}

bool
fuzz_meets_sum (tenon_status left, tenon_status right)
{
    return (left == TENON_E_CHECKSUM) != (right == TENON_E_CHECKSUM);
}

/* ---- slices ---- */

struct slice {
    uint64_t start[64], count[64], elements;
    int64_t step[64];
};

static void
choose_slice (struct slice *slice, const tenon_tensor_info *info, struct fuzz_recipe *recipe)
{
    slice->elements = 1;
    for (uint32_t i = 0; i < info->rank; i++) {
        uint64_t dim = info->shape[i];
        slice->start[i] = dim < 60000 ? fuzz_below (recipe, (uint32_t) dim + 1) : fuzz_below (recipe, 60000);
        slice->step[i] = 1 + (fuzz_rarely (recipe, 3) ? fuzz_byte (recipe) % 7 : 0);
        uint64_t most =
            slice->start[i] == dim ? 0 : (dim - slice->start[i] - 1) / (uint64_t) slice->step[i] + 1;
        slice->count[i] = most - (most < 60000 ? fuzz_below (recipe, (uint32_t) most + 1) : 0);
        slice->elements *= slice->count[i];
    }
}

/* Makes it leave the tensor, or step backwards, which no slice may. */
static void
spoil_slice (struct slice *slice, const tenon_tensor_info *info, struct fuzz_recipe *recipe)
{
    uint32_t axis = fuzz_below (recipe, info->rank);
    if (fuzz_below (recipe, 2))
        slice->step[axis] = -(int64_t) fuzz_byte (recipe);
    else
        slice->count[axis] = info->shape[axis] + 1 + fuzz_byte (recipe);
}

/* Cuts the slice out of a whole tensor of `unit` bytes an item. */
static void
cut_by_hand (const struct slice *slice, const tenon_tensor_info *info, const uint8_t *whole, uint64_t unit,
             uint8_t *to)
{
    uint64_t index[64] = { 0 };
    for (uint64_t n = 0; n < slice->elements; n++) {
        uint64_t item = 0;
        for (uint32_t i = 0; i < info->rank; i++)
            item = item * info->shape[i] + slice->start[i] + index[i] * (uint64_t) slice->step[i];
        memcpy (to + n * unit, whole + item * unit, unit);
        for (uint32_t i = info->rank; i-- > 0 && ++index[i] == slice->count[i];)
            index[i] = 0;
    }
}

/* ---- one tensor ---- */

struct sink {
    uint8_t *data;
    uint64_t size, room;
};

static int
take_piece (void *user, const void *data, uint64_t size)
{
    struct sink *sink = user;
    if (size > sink->room - sink->size)
        fuzz_fail ("a stream of more than %llu bytes", (unsigned long long) sink->room);
    memcpy (sink->data + sink->size, data, size);
    sink->size += size;
    return 0;
}

/* The request, by read and by stream, gives `expected`, or nothing when that is NULL, which `status`
 * explains.
 */
static void
check_request (tenon_file *file, tenon_request *request, tenon_status status, const uint8_t *expected,
               uint64_t size, const char *what)
{
    const char *name = fuzz_tensor (file, request->index).name;
    tenon_error errors[2] = { TENON_ERROR_INIT, TENON_ERROR_INIT };
    uint8_t *room = malloc (size + 1);
    struct sink sink = { room, 0, size };
    if (!room)
        abort ();
    request->data = room;
    request->size = size;
    tenon_read (file, request, 1, NULL, &errors[0]);
    if ((errors[0].status < 0) != !expected && !fuzz_meets_sum (errors[0].status, status))
        fuzz_fail ("'%s': %s: read says %d '%s', expected was %s", name, what, errors[0].status,
                   errors[0].message, expected ? "success" : "a failure");
    if (expected && errors[0].status == TENON_OK)
        fuzz_same_bytes (expected, size, room, request->size, name, what);
    tenon_stream (file, request, take_piece, &sink, NULL, &errors[1]);
    if (errors[0].status != errors[1].status && !fuzz_meets_sum (errors[0].status, errors[1].status))
        fuzz_fail ("'%s': %s: read says %d '%s', stream %d '%s'", name, what, errors[0].status,
                   errors[0].message, errors[1].status, errors[1].message);
    if (expected && errors[1].status == TENON_OK)
        fuzz_same_bytes (expected, size, room, sink.size, name, what);
    free (room);
}

/* The slice into an array that lies the other way round: axes reversed, the last one backwards, with a gap
 * after each item. */
static void
check_scattered (tenon_file *file, tenon_request request, const struct slice *slice, const uint8_t *expected,
                 uint64_t unit, const char *name)
{
    int64_t strides[64];
    uint64_t reach = 2, low = 0, index[64] = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    for (uint32_t i = 0; i < request.rank; i++) {
        bool back = i + 1 == request.rank;
        strides[i] = back ? -(int64_t) reach : (int64_t) reach;
        low += back ? (slice->count[i] - 1) * reach : 0;
        reach *= slice->count[i];
    }
    uint64_t size = reach * unit;
    if (slice->elements == 0 || size > 16 * FUZZ_MOST_BYTES)
        return;
    uint8_t *room = malloc (size + 1);
    if (!room)
        abort ();
    request.strides = strides;
    request.data = room + low * unit;
    request.size = size;
    /* A tensor whose rows are not made of whole groups is read whole, and packed. */
    bool may_refuse = fuzz_dtype (file, fuzz_tensor (file, request.index).dtype).block_items > 1;
    if (tenon_read (file, &request, 1, NULL, &error) < 0 && !fuzz_meets_sum (error.status, TENON_OK)
        && !(may_refuse && error.status == TENON_E_UNSUPPORTED))
        fuzz_fail ("'%s': a slice with strides: %s", name, error.message);
    for (uint64_t n = 0; n < slice->elements && error.status == TENON_OK; n++) {
        int64_t at = (int64_t) low;
        for (uint32_t i = 0; i < request.rank; i++)
            at += (int64_t) index[i] * strides[i];
        fuzz_same_bytes (expected + n * unit, unit, room + (uint64_t) at * unit, unit, name,
                         "an item of a slice with strides");
        for (uint32_t i = request.rank; i-- > 0 && ++index[i] == slice->count[i];)
            index[i] = 0;
    }
    free (room);
}

static void
check_slice (tenon_file *file, uint64_t index, uint32_t dtype, const uint8_t *whole,
             struct fuzz_recipe *recipe)
{
    tenon_tensor_info info = fuzz_tensor (file, index);
    struct tenon_dtype target = fuzz_dtype (file, dtype ? dtype : info.dtype);
    tenon_error error = TENON_ERROR_INIT;
    struct slice slice;
    uint64_t size;
    choose_slice (&slice, &info, recipe);
    bool bad = info.rank > 0 && fuzz_rarely (recipe, 16);
    if (bad)
        spoil_slice (&slice, &info, recipe);
    tenon_request request = { .struct_size = sizeof request,
                              .dtype = dtype,
                              .index = index,
                              .rank = info.rank,
                              .start = slice.start,
                              .count = slice.count,
                              .step = slice.step };
    if (tenon_request_size (file, &request, &size, &error) < 0) {
        if (!bad && target.block_items == 1 && fuzz_dtype (file, info.dtype).block_items == 1)
            fuzz_fail ("'%s': a slice is refused: %s", info.name, error.message);
        check_request (file, &request, TENON_E_MISUSE, NULL, 0, "a refused slice");
        return;
    }
    if (bad)
        fuzz_fail ("'%s': a slice that leaves the tensor, or steps backwards, is not refused", info.name);
    if (target.block_items > 1)
        return;
    uint8_t *expected = malloc (slice.elements * target.block_bytes + 1);
    if (!expected)
        abort ();
    cut_by_hand (&slice, &info, whole, target.block_bytes, expected);
    if (size != slice.elements * target.block_bytes)
        fuzz_fail ("'%s': a slice of %llu items needs %llu bytes", info.name,
                   (unsigned long long) slice.elements, (unsigned long long) size);
    check_request (file, &request, TENON_OK, expected, size, "a slice");
    check_scattered (file, request, &slice, expected, target.block_bytes, info.name);
    free (expected);
}

static void
check_mapping (tenon_file *file, uint64_t index, const uint8_t *whole, uint64_t size)
{
    tenon_tensor_info info = fuzz_tensor (file, index);
    const void *mapped;
    uint64_t length;
    if (tenon_map (file, index, &mapped, &length, NULL) < 0)
        return;
    if (length != info.nbytes)
        fuzz_fail ("'%s': %llu bytes are mapped of %llu", info.name, (unsigned long long) length,
                   (unsigned long long) info.nbytes);
    uint8_t *straight = malloc (length + 1);
    if (!straight)
        abort ();
    if (whole && fuzz_straighten (file, &info, mapped, straight))
        fuzz_same_bytes (whole, size, straight, length, info.name, "read and mapped");
    free (straight);
}

/* The dtype that the recipe chooses: mostly the stored one, TENON_NONE. */
static uint32_t
choose_dtype (struct fuzz_recipe *recipe)
{
    static const uint32_t usual[] = { TENON_NONE, TENON_F32, TENON_F64, TENON_U8, TENON_NONE, TENON_F16 };
    uint8_t choice = fuzz_byte (recipe);
    if (choice < 0x80)
        return usual[choice % 6];
    uint32_t dtype = TENON_NONE;
    for (unsigned i = 0; i <= choice % 0x80u; i++) {
        uint32_t next = tenon_dtype_next (fuzz_context (FUZZ_ONE), dtype);
        if (next == TENON_NONE)
            break;
        dtype = next;
    }
    return dtype;
}

/* A tensor that is told to be unreadable fails as it says, in every way. */
static tenon_status
check_unreadable (struct fuzz_files *files, uint64_t index, uint32_t dtype)
{
    tenon_tensor_info info = fuzz_tensor (files->way[0], index);
    for (unsigned way = 0; way < files->ways; way++) {
        tenon_memory *memory = NULL;
        tenon_error error;
        uint64_t size;
        const void *mapped;
        if (fuzz_load (files->way[way], index, dtype, &size, &memory, &error)
            || error.status != info.unreadable)
            fuzz_fail ("'%s' is unreadable (%d '%s'), and load says %d '%s'", info.name, info.unreadable,
                       info.why, error.status, error.message);
        if (tenon_map (files->way[way], index, &mapped, &size, NULL) != info.unreadable)
            fuzz_fail ("'%s' is unreadable, and mapped", info.name);
    }
    return info.unreadable;
}

/* All of a tensor as `dtype` in every way, then slices of it. Returns the status of reading it. */
static tenon_status
check_tensor (struct fuzz_files *files, uint64_t index, uint32_t dtype, struct fuzz_recipe *recipe)
{
    tenon_tensor_info info = fuzz_tensor (files->way[0], index);
    tenon_request request = { .struct_size = sizeof request, .index = index, .dtype = dtype };
    tenon_memory *memory = NULL, *other = NULL;
    tenon_error error, second;
    uint64_t size = 0, other_size;
    if (info.unreadable < 0)
        return check_unreadable (files, index, dtype);
    if (tenon_request_size (files->way[0], &request, &size, NULL) < 0 || size > 8 * FUZZ_MOST_BYTES)
        return TENON_OK;
    const uint8_t *whole = fuzz_load (files->way[0], index, dtype, &size, &memory, &error);
    for (unsigned way = 1; way < files->ways; way++) {
        const uint8_t *same = fuzz_load (files->way[way], index, dtype, &other_size, &other, &second);
        /* which chunk of a member is read last, and meets the sum of the member, depends on the threads */
        bool late = fuzz_meets_sum (error.status, second.status)
                    || (error.status == TENON_E_CHECKSUM && second.status == TENON_E_CHECKSUM);
        if (!late && (error.status != second.status || strcmp (error.message, second.message) != 0))
            fuzz_fail ("'%s': from memory: %d '%s', in way %u: %d '%s'", info.name, error.status,
                       error.message, way, second.status, second.message);
        if (same && whole)
            fuzz_same_bytes (whole, size, same, other_size, info.name, "loaded in two ways");
        tenon_memory_free (other);
        other = NULL;
    }
    check_request (files->way[fuzz_below (recipe, FUZZ_WAYS) % files->ways], &request, error.status, whole,
                   size, "the whole tensor");
    if (dtype == TENON_NONE)
        check_mapping (files->way[2], index, whole, size);
    for (unsigned i = 0; i < 2 && whole; i++)
        check_slice (files->way[fuzz_below (recipe, FUZZ_WAYS) % files->ways], index, dtype, whole, recipe);
    tenon_memory_free (memory);
    return error.status;
}

/* ---- the whole file ---- */

/* All tensors in one call are what each is alone. */
static void
check_batch (tenon_file *file)
{
    tenon_request requests[FUZZ_MOST_TENSORS];
    tenon_memory *memory = NULL, *alone = NULL;
    tenon_error error;
    uint64_t count = tenon_count (file), size, sum = 0;
    for (uint64_t i = 0; i < count && i < FUZZ_MOST_TENSORS; i++) {
        requests[i] = (tenon_request){ .struct_size = sizeof *requests, .index = count - 1 - i };
        sum += fuzz_tensor (file, count - 1 - i).nbytes;
    }
    if (count > FUZZ_MOST_TENSORS || sum > FUZZ_MOST_BYTES
        || tenon_load (file, requests, count, &memory, NULL, NULL) < 0)
        return;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *data = fuzz_load (file, requests[i].index, TENON_NONE, &size, &alone, &error);
        if (!data && error.status != TENON_E_CHECKSUM)
            fuzz_fail ("tensor %llu can be read with all others only: %s",
                       (unsigned long long) requests[i].index, error.message);
        if (data)
            fuzz_same_bytes (requests[i].data, requests[i].size, data, size, "", "all at once and alone");
        tenon_memory_free (alone);
    }
    tenon_memory_free (memory);
}

static void
same_places (tenon_file *left, tenon_file *right, uint64_t i)
{
    tenon_tensor_info a = fuzz_tensor (left, i), b = fuzz_tensor (right, i);
    if (strcmp (a.name, b.name) != 0 || a.flags != b.flags || a.storage != b.storage || a.offset != b.offset
        || a.stored != b.stored || a.unreadable != b.unreadable
        || strcmp (a.why ? a.why : "", b.why ? b.why : "") != 0
        || strcmp (a.filter ? a.filter : "", b.filter ? b.filter : "") != 0)
        fuzz_fail ("opened in two ways: '%s' at %llu + %llu, flags %u, and '%s' at %llu + %llu, flags %u",
                   a.name, (unsigned long long) a.offset, (unsigned long long) a.stored, a.flags, b.name,
                   (unsigned long long) b.offset, (unsigned long long) b.stored, b.flags);
}

static void
same_notes (tenon_file *left, tenon_file *right)
{
    const tenon_report *reports[2] = { tenon_file_report (left), tenon_file_report (right) };
    tenon_report_entry a = { .struct_size = sizeof a }, b = { .struct_size = sizeof b };
    if (tenon_report_count (reports[0]) != tenon_report_count (reports[1]))
        fuzz_fail ("opened in two ways: %llu notes and %llu",
                   (unsigned long long) tenon_report_count (reports[0]),
                   (unsigned long long) tenon_report_count (reports[1]));
    for (uint64_t i = 0; i < tenon_report_count (reports[0]); i++) {
        tenon_report_get (reports[0], i, &a);
        tenon_report_get (reports[1], i, &b);
        if (a.kind != b.kind || a.status != b.status || strcmp (a.subject, b.subject) != 0
            || strcmp (a.message, b.message) != 0)
            fuzz_fail ("opened in two ways: the note '%s: %s', and '%s: %s'", a.subject, a.message, b.subject,
                       b.message);
    }
}

/* An array taken in pieces has the items that it has at once; packed numbers are where they are mapped. */
static void
check_array (tenon_file *file, const struct tenon_value *array)
{
    struct tenon_value items[MOST_ITEMS], pieces[3], left = *array;
    uint64_t count = array->count < MOST_ITEMS ? array->count : MOST_ITEMS, size;
    tenon_memory *memory = NULL, *more = NULL;
    const void *mapped;
    if (tenon_value_items (file, array, 0, count, items, &memory, NULL) < 0)
        return;
    for (uint64_t at = 0, n; at < count; at += n) {
        n = count - at < 3 ? count - at : 3;
        if (tenon_value_take (file, &left, n, pieces, &more, NULL) < 0)
            fuzz_fail ("items %llu of an array cannot be taken, but read", (unsigned long long) at);
        for (uint64_t i = 0; i < n; i++)
            fuzz_same_value (file, &items[at + i], file, &pieces[i], "items at once and in pieces");
        tenon_memory_free (more);
        more = NULL;
    }
    if (left.count != array->count - count)
        fuzz_fail ("%llu items of an array are left of %llu", (unsigned long long) left.count,
                   (unsigned long long) (array->count - count));
    if (tenon_value_map (file, array, &mapped, &size, NULL) == TENON_OK && size != array->length)
        fuzz_fail ("%llu bytes of an array are mapped of %llu", (unsigned long long) size,
                   (unsigned long long) array->length);
    tenon_memory_free (memory);
}

static void
check_arrays (tenon_file *file)
{
    tenon_metadata_info info = { .struct_size = sizeof info };
    for (uint64_t i = 0; i < 4 * FUZZ_MOST_TENSORS && tenon_metadata_get (file, i, &info) == TENON_OK; i++)
        if (info.value.type == TENON_ARRAY)
            check_array (file, &info.value);
}

static void
check_catalogs (struct fuzz_files *files)
{
    tenon_file *first = files->way[0];
    check_arrays (first);
    for (unsigned way = 1; way < files->ways; way++) {
        tenon_file *file = files->way[way];
        if (tenon_count (first) != tenon_count (file)
            || tenon_metadata_count (first) != tenon_metadata_count (file))
            fuzz_fail ("in way %u there are other numbers of tensors or keys", way);
        for (uint64_t i = 0; i < tenon_count (first); i++) {
            uint64_t found;
            fuzz_same_infos (first, file, i, i, "opened in two ways");
            same_places (first, file, i);
            if (tenon_find (file, fuzz_tensor (first, i).name, &found) < 0 || found != i)
                fuzz_fail ("'%s' is not found", fuzz_tensor (first, i).name);
        }
        fuzz_same_metadata (first, file, true, "opened in two ways");
        same_notes (first, file);
    }
}

/* Returns the verdict, which all ways share. */
static tenon_status
check_verdicts (struct fuzz_files *files)
{
    tenon_error first = TENON_ERROR_INIT;
    for (unsigned way = 0; way < files->ways; way++) {
        tenon_error error = TENON_ERROR_INIT;
        tenon_verify (files->way[way], NULL, NULL, &error);
        if (way == 0)
            first = error;
        else if (first.status != error.status || strcmp (first.message, error.message) != 0)
            fuzz_fail ("verify, from memory: %d '%s', in way %u: %d '%s'", first.status, first.message, way,
                       error.status, error.message);
    }
    return first.status;
}

void
fuzz_check_reading (struct fuzz_files *files, struct fuzz_recipe *recipe)
{
    tenon_file_info info = { .struct_size = sizeof info };
    tenon_file_get (files->way[0], &info);
    check_catalogs (files);
    tenon_status verdict = info.nbytes <= 16 * FUZZ_MOST_BYTES ? check_verdicts (files) : TENON_E_LIMIT;
    for (uint64_t i = 0; i < info.tensors && i < FUZZ_MOST_TENSORS; i++) {
        tenon_tensor_info tensor = fuzz_tensor (files->way[0], i);
        if (tensor.nbytes > FUZZ_MOST_BYTES) {
            check_mapping (files->way[2], i, NULL, 0);
            continue;
        }
        tenon_status status = check_tensor (files, i, TENON_NONE, recipe);
        if (status < 0 && verdict == TENON_OK)
            fuzz_fail ("'%s' cannot be read, %d, but the file verifies", tensor.name, status);
        if (status == TENON_OK)
            check_tensor (files, i, choose_dtype (recipe), recipe);
    }
    check_batch (files->way[1]);
}
