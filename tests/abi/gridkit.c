/* SPDX-License-Identifier: MIT */
/* gridkit.c - makes files and stores of the plugin toygrid. */
#include "gridkit.h"
#include <sys/stat.h>
#include <zlib.h>

/* ---- buffers ---- */

struct buffer {
    uint8_t *data;
    size_t size, room;
};

static uint8_t *
extend (struct buffer *buffer, size_t size)
{
    while (buffer->size + size > buffer->room) {
        buffer->room = buffer->room ? 2 * buffer->room : 4096;
        ck_assert_ptr_nonnull (buffer->data = realloc (buffer->data, buffer->room));
    }
    buffer->size += size;
    return buffer->data + buffer->size - size;
}

static void
append (struct buffer *buffer, const void *from, size_t size)
{
    if (size > 0)
        memcpy (extend (buffer, size), from, size);
}

static void
append_number (struct buffer *buffer, uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++, number >>= 8)
        *extend (buffer, 1) = (uint8_t) number;
}

static void
append_text (struct buffer *buffer, const char *text, unsigned width)
{
    append_number (buffer, strlen (text), width);
    append (buffer, text, strlen (text));
}

/* ---- chunks ---- */

uint64_t
grid_count (const struct grid_spec *spec, unsigned dim)
{
    return (spec->shape[dim] + spec->chunk[dim] - 1) / spec->chunk[dim];
}

/* The next index below `count`, in C order; 0: it was the last one. */
static int
next_index (uint64_t *index, const uint64_t *count, unsigned rank)
{
    while (rank-- > 0) {
        if (++index[rank] < count[rank])
            return 1;
        index[rank] = 0;
    }
    return 0;
}

/* Dim number i of the order in which a chunk stores its items, outermost first. */
static unsigned
stored_dim (const struct grid_spec *spec, unsigned i)
{
    if (spec->order)
        return spec->order[i];
    return spec->flags & TENON_FORTRAN ? spec->rank - 1 - i : i;
}

static void
copy_item (const struct grid_spec *spec, uint8_t *to, const uint8_t *from)
{
    for (unsigned i = 0; i < spec->item; i++)
        to[i] = from[spec->flags & TENON_BIG_ENDIAN ? spec->item - 1 - i : i];
}

/* The items of a chunk, one after the other. */
static uint8_t *
cut_chunk (const struct grid_spec *spec, const uint8_t *data, const uint64_t *chunk, size_t *size)
{
    uint64_t extent[GRID_DIMS] = { 0 }, index[GRID_DIMS] = { 0 }, items = 1;
    for (unsigned i = 0; i < spec->rank; i++) {
        unsigned dim = stored_dim (spec, i);
        uint64_t left = spec->shape[dim] - chunk[dim] * spec->chunk[dim];
        extent[i] = (spec->grid_flags & 1) && left < spec->chunk[dim] ? left : spec->chunk[dim];
        items *= extent[i];
    }
    uint8_t *bytes = calloc (items + 1, spec->item), *to = bytes;
    ck_assert_ptr_nonnull (bytes);
    *size = items * spec->item;
    do {
        uint64_t at[GRID_DIMS] = { 0 }, place = 0;
        int inside = 1;
        for (unsigned i = 0; i < spec->rank; i++)
            at[stored_dim (spec, i)] = index[i];
        for (unsigned i = 0; i < spec->rank; i++) {
            at[i] += chunk[i] * spec->chunk[i];
            inside = inside && at[i] < spec->shape[i];
            place = place * spec->shape[i] + at[i];
        }
        if (inside)
            copy_item (spec, to, data + place * spec->item);
        else if (spec->fill)
            memcpy (to, spec->fill, spec->item);
        to += spec->item;
    } while (next_index (index, extent, spec->rank));
    return bytes;
}

/* Encodes by one filter; frees what it gets. */
static uint8_t *
encode_step (const char *filter, uint8_t *from, size_t *size)
{
    size_t n = *size;
    uLongf room = compressBound (n) + 64;
    uint8_t *to = malloc (room);
    ck_assert_ptr_nonnull (to);
    if (strcmp (filter, "toyrot") == 0)
        for (size_t i = 0; i < n; i++)
            to[i] = from[n - 1 - i];
    else if (strcmp (filter, "toyxor") == 0) {
        const uint32_t head = (uint32_t) n | 0x80000000u;
        for (unsigned i = 0; i < 4; i++)
            to[i] = (uint8_t) (head >> 8 * i);
        for (size_t i = 0; i < n; i++)
            to[4 + i] = from[i] ^ (uint8_t) i;
        *size = n + 4;
    } else {
        ck_assert_str_eq (filter, "zlib");
        ck_assert_int_eq (compress2 (to, &room, from, n, 6), Z_OK);
        *size = room;
    }
    free (from);
    return to;
}

uint8_t *
grid_encode (const struct grid_spec *spec, const void *data, const uint64_t *chunk, size_t *size,
             uint32_t *sum)
{
    uint8_t *bytes = cut_chunk (spec, data, chunk, size);
    uint32_t skipped = spec->skipped ? spec->skipped (chunk) : 0;
    if (sum)
        *sum = (uint32_t) crc32 (0, bytes, (uInt) *size);
    for (unsigned i = 0; spec->steps[i]; i++)
        if (!(skipped >> i & 1))
            bytes = encode_step (spec->steps[i], bytes, size);
    return bytes;
}

/* Puts the chunks of a box, and their table at `table`, where there is room for it. */
static void
put_chunks (struct buffer *to, const struct grid_spec *spec, const void *data, const uint64_t *first,
            const uint64_t *count, size_t table)
{
    uint64_t index[GRID_DIMS] = { 0 };
    do {
        struct grid_entry entry = { .flags = 1, .stored = UINT64_MAX };
        uint64_t chunk[GRID_DIMS];
        int inside = 1;
        for (unsigned i = 0; i < spec->rank; i++) {
            chunk[i] = first[i] + index[i];
            inside = inside && chunk[i] < grid_count (spec, i);
        }
        if (inside && !(spec->missing && spec->missing (chunk))) {
            size_t size;
            uint8_t *bytes = grid_encode (spec, data, chunk, &size, &entry.sum);
            entry.flags = 0;
            entry.skipped = spec->skipped ? spec->skipped (chunk) : 0;
            entry.offset = to->size;
            entry.stored = size;
            entry.check = spec->check ? 1 : 0;
            append (to, bytes, size);
            free (bytes);
        }
        if (inside && spec->tweak)
            spec->tweak (chunk, &entry);
        struct buffer row = { NULL, 0, 0 };
        append_number (&row, entry.flags, 4);
        append_number (&row, entry.skipped, 4);
        append_number (&row, entry.offset, 8);
        append_number (&row, entry.stored, 8);
        append_number (&row, entry.check, 4);
        append_number (&row, entry.check ? entry.sum : 0, 4);
        memcpy (to->data + table, row.data, row.size);
        table += row.size;
        free (row.data);
    } while (next_index (index, count, spec->rank));
}

/* ---- the header ---- */

#define MOST_TENSORS 64
static struct {
    struct grid_spec spec;
    const void *data;
} added[MOST_TENSORS];
static unsigned added_count;

void
grid_begin (void)
{
    added_count = 0;
}

void
grid_add (const struct grid_spec *spec, const void *data)
{
    ck_assert_uint_lt (added_count, MOST_TENSORS);
    added[added_count].spec = *spec;
    added[added_count++].data = data;
}

/* The header, with a table at `tables[i]` for tensor number i. */
static void
put_header (struct buffer *to, const size_t *tables)
{
    append (to, "TOYGRID\n", 8);
    append_number (to, added_count, 4);
    for (unsigned n = 0; n < added_count; n++) {
        const struct grid_spec *spec = &added[n].spec;
        unsigned steps = 0;
        append_text (to, spec->name, 2);
        append_text (to, spec->dtype, 2);
        append_number (to, spec->flags, 4);
        append_number (to, spec->grid_flags, 4);
        append_number (to, spec->rank, 4);
        for (unsigned i = 0; i < spec->rank; i++)
            append_number (to, spec->shape[i], 8);
        for (unsigned i = 0; i < spec->rank; i++)
            append_number (to, spec->chunk[i], 8);
        append_number (to, spec->order != NULL, 4);
        for (unsigned i = 0; spec->order && i < spec->rank; i++)
            append_number (to, spec->order[i], 4);
        append_number (to, spec->fill ? spec->item : 0, 4);
        append (to, spec->fill, spec->fill ? spec->item : 0);
        while (spec->steps[steps])
            steps++;
        append_number (to, steps, 4);
        for (unsigned i = 0; i < steps; i++) {
            append_text (to, spec->steps[i], 2);
            append_number (to, 0, 4);
        }
        append_number (to, spec->where, 4);
        if (spec->where == GRID_TABLE) {
            append_number (to, tables[n], 8);
            continue;
        }
        append_text (to, spec->prefix, 2);
        append_number (to, (uint8_t) spec->separator, 4);
        for (unsigned i = 0; spec->where != GRID_KEYS && i < spec->rank; i++)
            append_number (to, spec->per_shard[i], 8);
    }
}

/* The header and what the tables need: all of a file, or the index of a store. */
static void
put_index (struct buffer *to)
{
    static const uint64_t zero[GRID_DIMS];
    size_t tables[MOST_TENSORS] = { 0 };
    struct buffer measure = { NULL, 0, 0 };
    put_header (&measure, tables);
    size_t end = measure.size;
    free (measure.data);
    for (unsigned n = 0; n < added_count; n++) {
        size_t count = 1;
        if (added[n].spec.bare || added[n].spec.where != GRID_TABLE)
            continue;
        for (unsigned i = 0; i < added[n].spec.rank; i++)
            count *= grid_count (&added[n].spec, i);
        tables[n] = end;
        end += 32 * count;
    }
    put_header (to, tables);
    size_t header = to->size;
    memset (extend (to, end - header), 0, end - header);
    for (unsigned n = 0; n < added_count; n++) {
        const struct grid_spec *spec = &added[n].spec;
        uint64_t count[GRID_DIMS];
        int empty = spec->bare || spec->where != GRID_TABLE;
        for (unsigned i = 0; i < spec->rank && !empty; i++) {
            count[i] = grid_count (spec, i);
            empty = empty || count[i] == 0;
        }
        if (!empty)
            put_chunks (to, spec, added[n].data, zero, count, tables[n]);
    }
}

size_t
grid_save (const char *name)
{
    struct buffer file = { NULL, 0, 0 };
    put_index (&file);
    size_t size = file.size;
    kit_save (name, file.data, size);
    free (file.data);
    return size;
}

/* ---- stores ---- */

typedef void put_key (void *user, const char *key, const struct buffer *bytes);

static void
print_key (const struct grid_spec *spec, const uint64_t *numbers, char *key, size_t room)
{
    size_t end = (size_t) snprintf (key, room, "%s", spec->prefix);
    for (unsigned i = 0; i < spec->rank; i++)
        end += (size_t) snprintf (key + end, room - end, "%.*s%llu", i > 0, &spec->separator,
                                  (unsigned long long) numbers[i]);
}

/* The chunk, or the shard, of a key; false: nothing lies in it. */
static int
make_value (const struct grid_spec *spec, const void *data, const uint64_t *number, struct buffer *to)
{
    uint64_t first[GRID_DIMS], items = 1;
    if (spec->where == GRID_KEYS) {
        size_t size;
        if (spec->missing && spec->missing (number))
            return 0;
        uint8_t *bytes = grid_encode (spec, data, number, &size, NULL);
        append (to, bytes, size);
        free (bytes);
        return 1;
    }
    for (unsigned i = 0; i < spec->rank; i++) {
        first[i] = number[i] * spec->per_shard[i];
        items *= spec->per_shard[i];
    }
    memset (extend (to, 32 * items), 0, 32 * items);
    put_chunks (to, spec, data, first, spec->per_shard, 0);
    return to->size > 32 * items;
}

static void
put_tensor_keys (const struct grid_spec *spec, const void *data, put_key *put, void *user)
{
    uint64_t count[GRID_DIMS], number[GRID_DIMS] = { 0 };
    char key[400];
    for (unsigned i = 0; i < spec->rank; i++) {
        uint64_t each = spec->where == GRID_KEYS ? 1 : spec->per_shard[i];
        count[i] = (grid_count (spec, i) + each - 1) / each;
        if (count[i] == 0)
            return;
    }
    do {
        struct buffer value = { NULL, 0, 0 };
        print_key (spec, number, key, sizeof key);
        if (make_value (spec, data, number, &value))
            put (user, key, &value);
        free (value.data);
    } while (next_index (number, count, spec->rank));
}

static void
put_store (put_key *put, void *user)
{
    struct buffer index = { NULL, 0, 0 };
    put_index (&index);
    put (user, "toygrid.index", &index);
    free (index.data);
    for (unsigned n = 0; n < added_count; n++)
        if (added[n].spec.where != GRID_TABLE && !added[n].spec.bare)
            put_tensor_keys (&added[n].spec, added[n].data, put, user);
}

static void
put_file_key (void *user, const char *key, const struct buffer *bytes)
{
    char name[600];
    size_t begin = (size_t) snprintf (name, sizeof name, "%s/", (const char *) user);
    snprintf (name + begin, sizeof name - begin, "%s", key);
    for (char *slash = name; (slash = strchr (slash + 1, '/')) != NULL;) {
        *slash = 0;
        mkdir (kit_path (name), 0777);
        *slash = '/';
    }
    kit_save (name, bytes->data ? bytes->data : (const uint8_t *) "", bytes->size);
}

void
grid_save_folder (const char *name)
{
    put_store (put_file_key, (char *) (uintptr_t) name);
}

struct pack {
    struct buffer bytes;
    unsigned how;
};

static void
put_pack_key (void *user, const char *key, const struct buffer *bytes)
{
    struct pack *pack = user;
    append (&pack->bytes, "KEY:", 4);
    append_number (&pack->bytes, pack->how, 1);
    append_text (&pack->bytes, key, 1);
    append_number (&pack->bytes, bytes->size, 8);
    append_number (&pack->bytes, bytes->size, 8);
    append_number (&pack->bytes, crc32 (0, bytes->data, (uInt) bytes->size), 4);
    append (&pack->bytes, bytes->data, bytes->size);
}

void
grid_save_pack (const char *name, unsigned how)
{
    struct pack pack = { .how = how };
    append (&pack.bytes, "TOYPACK\n", 8);
    put_store (put_pack_key, &pack);
    append (&pack.bytes, "END:", 4);
    kit_save (name, pack.bytes.data, pack.bytes.size);
    free (pack.bytes.data);
}
