/* SPDX-License-Identifier: MIT */
/* fuzz_set.c - sharded sets: shards and an index from a recipe, with lies, and sets that the library saved,
 * with a byte changed. A tensor of the set is that of its shard, and of the file that was saved as a set. */
#include "make.h"

#define MOST_SHARDS 3u
#define MOST_PATH 300u

static void
make_path (char path[MOST_PATH], const char *name)
{
    snprintf (path, MOST_PATH, "%s/%s", fuzz_folder (), name);
}

static void
write_file (const char *name, const struct fuzz_buffer *bytes)
{
    char path[MOST_PATH];
    make_path (path, name);
    FILE *out = fopen (path, "wb");
    if (!out || fwrite (bytes->data, 1, bytes->size, out) != bytes->size || fclose (out) != 0)
        fuzz_fail ("%s cannot be written", path);
}

/* ---- by hand ---- */

static void
put_lines (struct fuzz_buffer *map, struct fuzz_recipe *recipe, const struct fuzz_safetensors *shard,
           const char *file)
{
    for (uint32_t i = 0; i < shard->count; i++) {
        const char *said = fuzz_rarely (recipe, 64) ? "../m.safetensors" : file;
        if (!fuzz_rarely (recipe, 16))
            fuzz_text (map, "%s\"%s\":\"%s\"", map->size ? "," : "", shard->names[i], said);
    }
}

static uint64_t
data_bytes (const struct fuzz_buffer *shard)
{
    uint64_t length = 0;
    for (unsigned i = 0; i < 8; i++)
        length |= (uint64_t) shard->data[i] << 8 * i;
    return length < shard->size ? shard->size - 8 - length : 0;
}

/* Writes a set by hand. */
static void
make_set (struct fuzz_recipe *recipe)
{
    struct fuzz_buffer map = { 0 }, index = { 0 }, shard = { 0 };
    uint32_t count = 1 + fuzz_below (recipe, MOST_SHARDS);
    uint64_t total = 0;
    char name[64];
    for (uint32_t i = 0; i < count; i++) {
        struct fuzz_safetensors what = { .first_name = 10 * i };
        shard.size = 0;
        fuzz_make_safetensors (&shard, recipe, &what);
        snprintf (name, sizeof name, "m-%05u-of-%05u.safetensors", i + 1, count);
        put_lines (&map, recipe, &what, name);
        write_file (name, &shard);
        total += data_bytes (&shard);
    }
    fuzz_text (&index, "{\"metadata\":{\"total_size\":%llu},\"weight_map\":{",
               (unsigned long long) fuzz_lie (recipe, total));
    fuzz_put (&index, map.data, map.size);
    fuzz_text (&index, "}}");
    fuzz_damage (&index, recipe);
    write_file ("m.safetensors.index.json", &index);
    fuzz_free (&map);
    fuzz_free (&index);
    fuzz_free (&shard);
}

/* Tensors of the set are those of the shards, each opened alone. */
static void
compare_shards (tenon_file *set)
{
    for (uint64_t i = 0; i < tenon_count (set) && i < FUZZ_MOST_TENSORS; i++) {
        tenon_tensor_info info = fuzz_tensor (set, i);
        tenon_memory *memory[2] = { NULL, NULL };
        tenon_error errors[2] = { TENON_ERROR_INIT, TENON_ERROR_INIT };
        uint64_t other, sizes[2];
        tenon_file *shard;
        if (info.unreadable < 0) /* of a shard that is missing or does not open, or of the index alone */
            continue;
        if (tenon_open (fuzz_context (FUZZ_ONE), info.source_name, NULL, &shard, &errors[0]) < 0
            || tenon_find (shard, info.name, &other) < 0)
            fuzz_fail ("'%s' of the set is not in %s: %s", info.name, info.source_name, errors[0].message);
        const uint8_t *a = fuzz_load (set, i, TENON_NONE, &sizes[0], &memory[0], &errors[0]);
        const uint8_t *b = fuzz_load (shard, other, TENON_NONE, &sizes[1], &memory[1], &errors[1]);
        if (!a != !b || (a && (sizes[0] != sizes[1] || memcmp (a, b, sizes[0]) != 0)))
            fuzz_fail ("'%s' has other bytes in the set than in its shard: %s%s", info.name,
                       errors[0].message, errors[1].message);
        tenon_memory_free (memory[0]);
        tenon_memory_free (memory[1]);
        tenon_close (shard);
    }
}

static void
try_made_set (struct fuzz_recipe *recipe)
{
    struct fuzz_files files;
    char head[MOST_PATH];
    make_set (recipe);
    make_path (head, "m.safetensors.index.json");
    if (!fuzz_open_set (&files, head, fuzz_folder ()))
        return;
    fuzz_check_reading (&files, recipe);
    compare_shards (files.way[0]);
    fuzz_close_all (&files);
}

/* ---- saved ---- */

/* Changes a byte of one of the files. */
static void
damage_file (const char *path, struct fuzz_recipe *recipe)
{
    FILE *file = fopen (path, "r+b");
    if (!file || fseek (file, 0, SEEK_END) < 0)
        fuzz_fail ("%s was written, and cannot be opened", path);
    long size = ftell (file), place = (long) (fuzz_byte (recipe) | fuzz_byte (recipe) << 8);
    fseek (file, place % (size + !size), SEEK_SET);
    int byte = fgetc (file);
    fseek (file, place % (size + !size), SEEK_SET);
    fputc (byte ^ fuzz_byte (recipe), file);
    fclose (file);
}

struct saved {
    char head[MOST_PATH], last[MOST_PATH], chosen[MOST_PATH];
    uint64_t files;
};

static void
list_written (struct saved *saved, const tenon_report *report, struct fuzz_recipe *recipe)
{
    tenon_report_entry entry = { .struct_size = sizeof entry };
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_get (report, i, &entry);
        if (entry.kind != TENON_WRITTEN)
            continue;
        if (saved->files++ == 0)
            snprintf (saved->head, MOST_PATH, "%s", entry.file);
        if (saved->files == 1 || fuzz_below (recipe, 2))
            snprintf (saved->chosen, MOST_PATH, "%s", entry.file);
        snprintf (saved->last, MOST_PATH, "%s", entry.file);
    }
}

static void
try_saved_set (struct fuzz_recipe *recipe, tenon_file *file)
{
    static const char *const settings[][3] = { { "gguf.shard_tensors=1", NULL, NULL },
                                               { "gguf.shard_size=64", NULL, NULL },
                                               { "safetensors.shard_size=64", NULL, NULL },
                                               { "safetensors.shard_size=1", NULL, NULL } };
    uint32_t choice = fuzz_below (recipe, 4);
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = choice > 1 ? TENON_SAVE_CARRY : 0,
                                   .settings = settings[choice] };
    struct saved saved = { .files = 0 };
    struct fuzz_files files;
    tenon_report *report = NULL;
    tenon_plan *plan;
    char path[MOST_PATH];
    make_path (path, choice > 1 ? "s.safetensors" : "s.gguf");
    if (tenon_plan_new (fuzz_context (FUZZ_ONE), &plan, NULL) < 0
        || tenon_plan_add_file (plan, file, NULL) < 0)
        abort ();
    if (tenon_save (plan, path, &options, &report, NULL, NULL) == TENON_OK)
        list_written (&saved, report, recipe);
    tenon_report_free (report);
    tenon_plan_free (plan);
    if (saved.files == 0)
        return;
    bool damaged = fuzz_rarely (recipe, 2);
    if (damaged)
        damage_file (saved.chosen, recipe);
    if (fuzz_open_set (&files, choice > 1 ? saved.last : saved.head, fuzz_folder ())) {
        fuzz_check_reading (&files, recipe);
        if (!damaged)
            fuzz_same_tensors (file, files.way[0], false, "saved as a set");
        fuzz_close_all (&files);
    } else if (!damaged)
        fuzz_fail ("a set was saved, and does not open: %s", files.error.message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    fuzz_recipe_begin (&recipe, data, size);
    fuzz_empty_folder ();
    if (fuzz_below (&recipe, 2))
        try_made_set (&recipe);
    else {
        const char *name = fuzz_make_file (&bytes, &recipe);
        fuzz_damage (&bytes, &recipe);
        if (fuzz_open_all (&files, bytes.data, bytes.size, name, NULL)) {
            try_saved_set (&recipe, files.way[0]);
            fuzz_close_all (&files);
        }
    }
    fuzz_free (&bytes);
    return 0;
}
