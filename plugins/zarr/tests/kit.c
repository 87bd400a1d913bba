/* SPDX-License-Identifier: MIT */
#include "kit.h"
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

tenon_context *context;
tenon_error error;

static struct {
    char key[200];
    uint8_t *bytes;
    size_t size;
} entries[MOST_KEYS];
static unsigned entry_count;
static uint8_t *archive; /* of exactly its size, so that reads beyond its end are found */
static char folder[64];

/* ---- contexts ---- */

void
settings (const char *words)
{
    static char copy[400];
    const char *list[16];
    unsigned count = 0;
    snprintf (copy, sizeof copy, "%s", words ? words : "");
    for (char *word = strtok (copy, " "); word; word = strtok (NULL, " "))
        list[count++] = word;
    list[count] = NULL;
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = list };
    tenon_context_free (context);
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
}

void
setup (void)
{
    settings (NULL);
    store_begin ();
}

void
teardown (void)
{
    store_begin ();
    tenon_context_free (context);
    context = NULL;
}

int
run_suite (const char *name, void (*add_tests) (TCase *cases))
{
    Suite *suite = suite_create (name);
    TCase *cases = tcase_create (name);
    tcase_add_checked_fixture (cases, setup, teardown);
    add_tests (cases);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}

/* ---- making ---- */

void
store_begin (void)
{
    for (unsigned i = 0; i < entry_count; i++)
        free (entries[i].bytes);
    entry_count = 0;
}

void
store_put_bytes (const char *key, const void *bytes, size_t size)
{
    ck_assert_uint_lt (entry_count, MOST_KEYS);
    snprintf (entries[entry_count].key, sizeof entries[0].key, "%s", key);
    entries[entry_count].bytes = malloc (size + 1);
    ck_assert_ptr_nonnull (entries[entry_count].bytes);
    memcpy (entries[entry_count].bytes, bytes, size);
    entries[entry_count++].size = size;
}

void
store_put (const char *key, const char *text)
{
    store_put_bytes (key, text, strlen (text));
}

uint8_t *
store_last (size_t *size)
{
    *size = entries[entry_count - 1].size;
    return entries[entry_count - 1].bytes;
}

void
store_cut (size_t size)
{
    entries[entry_count - 1].size = size;
}

const char *
replaced (const char *text, const char *from, const char *to)
{
    static char results[8][20000];
    static unsigned next;
    char *result = results[next++ % 8];
    const char *at = strstr (text, from);
    ck_assert_msg (at != NULL, "'%s' is not in the text", from);
    snprintf (result, sizeof results[0], "%.*s%s%s", (int) (at - text), text, to, at + strlen (from));
    return result;
}

void
store_consolidated (int version, const char *documents)
{
    static char text[40000];
    store_begin ();
    if (version == 2) {
        snprintf (text, sizeof text, "{\"zarr_consolidated_format\":1,\"metadata\":{\".zgroup\":%s%s%s}}",
                  GROUP2, documents[0] ? "," : "", documents);
        store_put (".zmetadata", text);
        store_put (".zgroup", GROUP2);
        return;
    }
    snprintf (text, sizeof text,
              "{\"zarr_format\":3,\"node_type\":\"group\",\"consolidated_metadata\":{\"kind\":\"inline\","
              "\"must_understand\":false,\"metadata\":{%s}}}",
              documents);
    store_put ("zarr.json", text);
}

/* ---- zip ---- */

static uint8_t *
put_number (uint8_t *to, uint64_t number, unsigned width)
{
    for (; width > 0; width--, number >>= 8)
        *to++ = (uint8_t) number;
    return to;
}

/* The fields that a local header and an entry of the directory have in common. */
static uint8_t *
put_heading (uint8_t *to, unsigned entry)
{
    uint32_t size = (uint32_t) entries[entry].size;
    to = put_number (to, 20, 2);    /* version */
    to = put_number (to, 0x800, 2); /* the name is UTF-8 */
    to = put_number (to, 0, 6);     /* stored; no time */
    to = put_number (to, crc32 (0, entries[entry].bytes, size), 4);
    to = put_number (to, size, 4);
    to = put_number (to, size, 4);
    to = put_number (to, strlen (entries[entry].key), 2);
    return put_number (to, 0, 2); /* extra fields */
}

static uint8_t *
put_text (uint8_t *to, const char *text)
{
    memcpy (to, text, strlen (text));
    return to + strlen (text);
}

static size_t
make_archive (void)
{
    static uint32_t places[MOST_KEYS];
    uint8_t *room = malloc (ROOM), *to = room, *directory;
    ck_assert_ptr_nonnull (room);
    for (unsigned i = 0; i < entry_count; i++) {
        places[i] = (uint32_t) (to - room);
        to = put_text (put_heading (put_number (to, 0x04034b50, 4), i), entries[i].key);
        memcpy (to, entries[i].bytes, entries[i].size);
        to += entries[i].size;
    }
    directory = to;
    for (unsigned i = 0; i < entry_count; i++) {
        to = put_heading (put_number (put_number (to, 0x02014b50, 4), 20, 2), i);
        to = put_number (to, 0, 2 + 2 + 2 + 4); /* comment, disk, attributes */
        to = put_text (put_number (to, places[i], 4), entries[i].key);
    }
    size_t size = (size_t) (to - directory);
    to = put_number (put_number (to, 0x06054b50, 4), 0, 4);
    to = put_number (put_number (to, entry_count, 2), entry_count, 2);
    to = put_number (put_number (put_number (to, size, 4), (uint64_t) (directory - room), 4), 0, 2);
    size = (size_t) (to - room);
    free (archive);
    archive = malloc (size);
    ck_assert_ptr_nonnull (archive);
    memcpy (archive, room, size);
    free (room);
    return size;
}

/* ---- folders ---- */

static void
write_entry (unsigned entry)
{
    char path[400];
    snprintf (path, sizeof path, "%.64s/%.200s", folder, entries[entry].key);
    for (char *at = path + strlen (folder) + 1; (at = strchr (at, '/')); *at++ = '/') {
        *at = 0;
        ck_assert (mkdir (path, 0700) == 0 || errno == EEXIST);
    }
    FILE *file = fopen (path, "wb");
    ck_assert_msg (file != NULL, "%s", path);
    ck_assert_uint_eq (fwrite (entries[entry].bytes, 1, entries[entry].size, file), entries[entry].size);
    fclose (file);
}

static int
remove_path (const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void) info, (void) type, (void) where;
    return remove (path);
}

static void
remove_folder (void)
{
    if (folder[0])
        nftw (folder, remove_path, 8, FTW_DEPTH | FTW_PHYS);
    folder[0] = 0;
}

tenon_file *
store_open (int as)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = "store.zarr.zip" };
    tenon_file *file = NULL;
    error = (tenon_error) TENON_ERROR_INIT;
    if (as == AS_ZIP) {
        size_t size = make_archive ();
        tenon_open_memory (context, archive, size, &options, &file, &error);
        return file;
    }
    options.name = NULL;
    remove_folder ();
    snprintf (folder, sizeof folder, "/tmp/tenon-zarr-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    for (unsigned i = 0; i < entry_count; i++)
        write_entry (i);
    tenon_open (context, folder, &options, &file, &error);
    return file;
}

void
store_close (tenon_file *file)
{
    tenon_close (file);
    free (archive);
    archive = NULL;
    remove_folder ();
}

/* ---- looking ---- */

const char *
listed (const tenon_file *file)
{
    static char text[20000];
    tenon_file_info info = { .struct_size = sizeof info };
    size_t length = 0;
    text[0] = 0;
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    for (uint64_t i = 0; i < info.tensors; i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        ck_assert_int_eq (tenon_get (file, i, &tensor), TENON_OK);
        length += (size_t) snprintf (text + length, sizeof text - length, "%s%s ", i ? ";" : "", tensor.name);
        if (tensor.unreadable) {
            length += (size_t) snprintf (text + length, sizeof text - length, "!");
            continue;
        }
        struct tenon_dtype dtype = { .struct_size = sizeof dtype };
        ck_assert_int_eq (tenon_dtype_get (context, file, tensor.dtype, &dtype), TENON_OK);
        length += (size_t) snprintf (text + length, sizeof text - length, "%s [",
                                     dtype.kind == TENON_KIND_OPAQUE ? dtype.text : dtype.name);
        for (uint32_t dim = 0; dim < tensor.rank; dim++)
            length += (size_t) snprintf (text + length, sizeof text - length, "%s%llu", dim ? "," : "",
                                         (unsigned long long) tensor.shape[dim]);
        length += (size_t) snprintf (text + length, sizeof text - length, "]");
    }
    return text;
}

/* ---- metadata as text ---- */

struct text {
    char *at, *end;
};

__attribute__ ((format (printf, 2, 3))) static void
add_text (struct text *text, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    text->at += vsnprintf (text->at, (size_t) (text->end - text->at), format, list);
    va_end (list);
    ck_assert (text->at < text->end);
}

/* A value, and behind a number or a typed array its type. */
static void
add_value (const tenon_file *file, const struct tenon_value *value, struct text *text)
{
    static const char *const names[] = { "null", "bool", "u8",  "u16", "u32",  "u64", "i8",
                                         "i16",  "i32",  "i64", "f16", "bf16", "f32", "f64" };
    switch (value->type) {
    case TENON_NONE: add_text (text, "null"); return;
    case TENON_BOOL: add_text (text, value->as.u ? "true" : "false"); return;
    case TENON_STRING: add_text (text, "\"%.*s\"", (int) value->count, value->as.string); return;
    case TENON_F32:
    case TENON_F64: add_text (text, "%.9g%s", value->as.f, names[value->type]); return;
    case TENON_U64: add_text (text, "%lluu64", (unsigned long long) value->as.u); return;
    case TENON_MAP:
    case TENON_ARRAY: break;
    default: add_text (text, "%lld%s", (long long) value->as.i, names[value->type]); return;
    }
    int is_map = value->type == TENON_MAP;
    add_text (text, is_map ? "{" : "[");
    for (uint64_t i = 0; i < (is_map ? 2 : 1) * value->count; i++) {
        struct tenon_value item;
        tenon_memory *memory = NULL;
        if (i > 0)
            add_text (text, is_map && i % 2 ? ":" : ",");
        if (is_map)
            item = value->as.items[i];
        else
            ck_assert_msg (tenon_value_items (file, value, i, 1, &item, &memory, &error) == TENON_OK, "%s",
                           error.message);
        add_value (file, &item, text);
        tenon_memory_free (memory);
    }
    add_text (text, is_map ? "}" : "]");
    if (!is_map && value->item_type == TENON_MIXED)
        add_text (text, "mixed");
}

const char *
metadata_of (const tenon_file *file)
{
    static char room[20000];
    struct text text = { room, room + sizeof room };
    room[0] = 0;
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++) {
        tenon_metadata_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_metadata_get (file, i, &info), TENON_OK);
        add_text (&text, "%s%s=", i ? ";" : "", info.key);
        add_value (file, &info.value, &text);
    }
    return room;
}

/* ---- failures ---- */

/* The index of a tensor. */
static uint64_t
index_of (const tenon_file *file, const char *name)
{
    uint64_t index;
    ck_assert_msg (tenon_find (file, name, &index) == TENON_OK, "there is no tensor '%s'", name);
    return index;
}

void
spoiled (tenon_file *file, const char *name, tenon_status status, const char *words)
{
    tenon_tensor_info tensor = { .struct_size = sizeof tensor };
    ck_assert_int_eq (tenon_get (file, index_of (file, name), &tensor), TENON_OK);
    ck_assert_msg (tensor.unreadable == status && strstr (tensor.why, words),
                   "'%s' has %d '%s'; expected %d '%s'", name, tensor.unreadable,
                   tensor.why ? tensor.why : "", status, words);
}

void
refused (int as, tenon_status status, const char *words)
{
    tenon_file *file = store_open (as);
    ck_assert_msg (!file, "it opens: %s; expected '%s'", listed (file), words);
    ck_assert_msg (error.status == status && strstr (error.message, words), "%d '%s'; expected %d '%s'",
                   error.status, error.message, status, words);
    store_close (file);
}

int
noted (const tenon_file *file, const char *words)
{
    const tenon_report *report = tenon_file_report (file);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        if ((entry.kind == TENON_NOTE || entry.kind == TENON_LOSS) && strstr (entry.message, words))
            return 1;
    }
    return 0;
}

/* ---- reading ---- */

static tenon_status
read_tensor (tenon_file *file, const char *name, void *to, uint64_t *size)
{
    tenon_tensor_info tensor = { .struct_size = sizeof tensor };
    tenon_request request = { .struct_size = sizeof request, .index = index_of (file, name), .data = to };
    ck_assert_int_eq (tenon_get (file, request.index, &tensor), TENON_OK);
    ck_assert_uint_le (tensor.nbytes, *size);
    request.size = *size = tensor.nbytes;
    error = (tenon_error) TENON_ERROR_INIT;
    return tenon_read (file, &request, 1, NULL, &error);
}

uint64_t
read_named (tenon_file *file, const char *name, void *to, uint64_t room)
{
    ck_assert_msg (read_tensor (file, name, to, &room) == TENON_OK, "'%s' cannot be read: %s", name,
                   error.message);
    return room;
}

void
unreadable (tenon_file *file, const char *name, tenon_status status, const char *words)
{
    static uint8_t room[1 << 16];
    uint64_t size = sizeof room;
    ck_assert_int_eq (read_tensor (file, name, room, &size), status);
    ck_assert_msg (strstr (error.message, words) != NULL, "'%s'; expected '%s'", error.message, words);
}
