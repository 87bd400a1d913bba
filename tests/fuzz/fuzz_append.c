/* SPDX-License-Identifier: MIT */
/* fuzz_append.c - arrays and metadata added to a file. What was not replaced stays, what was added is there,
 * and a failure changes no byte of the file. */
#include "make.h"

#define MOST_ADDED 3u

struct addition {
    struct fuzz_shape shapes[MOST_ADDED];
    char names[MOST_ADDED][64];
    uint32_t dtypes[MOST_ADDED], flags[MOST_ADDED], count, key;
    struct fuzz_buffer data[MOST_ADDED];
};

static const char *
target_path (const char *name)
{
    static char path[256];
    snprintf (path, sizeof path, "%s/%s", fuzz_folder (), name);
    return path;
}

static void
write_file (const char *path, const struct fuzz_buffer *bytes)
{
    FILE *out = fopen (path, "wb");
    if (!out || fwrite (bytes->data, 1, bytes->size, out) != bytes->size || fclose (out) != 0)
        fuzz_fail ("%s cannot be written", path);
}

static bool
has_bytes (const char *path, const struct fuzz_buffer *bytes)
{
    FILE *in = fopen (path, "rb");
    uint8_t *found = malloc (bytes->size + 1);
    bool same = in && found && fread (found, 1, bytes->size + 1, in) == bytes->size
                && (bytes->size == 0 || memcmp (found, bytes->data, bytes->size) == 0);
    if (in)
        fclose (in);
    free (found);
    return same;
}

/* Names that the old file may have, or not. */
static void
make_addition (struct addition *addition, struct fuzz_recipe *recipe, tenon_plan *plan)
{
    static const struct {
        uint32_t dtype, size;
    } dtypes[] = { { TENON_F32, 4 }, { TENON_U8, 1 }, { TENON_I16, 2 }, { TENON_F64, 8 } };
    memset (addition, 0, sizeof *addition);
    addition->count = fuzz_below (recipe, MOST_ADDED + 1);
    for (uint32_t i = 0; i < addition->count; i++) {
        uint32_t dtype = fuzz_below (recipe, 4);
        struct fuzz_shape *shape = &addition->shapes[i];
        tenon_array array = { .struct_size = sizeof array };
        fuzz_make_shape (shape, recipe, 3);
        fuzz_make_name (addition->names[i], recipe, i);
        fuzz_put_pattern (&addition->data[i], recipe, (size_t) shape->elements * dtypes[dtype].size);
        array.dtype = addition->dtypes[i] = dtypes[dtype].dtype;
        array.name = addition->names[i];
        array.shape = shape->dims;
        array.rank = shape->rank;
        array.flags = addition->flags[i] = fuzz_byte (recipe) & (TENON_FORTRAN | TENON_BIG_ENDIAN);
        array.data = addition->data[i].data ? addition->data[i].data : (const void *) "";
        array.size = addition->data[i].size;
        if (tenon_plan_add (plan, &array, NULL) < 0)
            addition->names[i][0] = 0; /* a name twice */
    }
    addition->key = fuzz_below (recipe, 3);
    if (addition->key > 0)
        tenon_plan_set_metadata (plan, addition->key == 1 ? "a0" : "new", "u32", "7", NULL);
}

static bool
is_replaced (const struct addition *addition, const char *name)
{
    for (uint32_t i = 0; i < addition->count; i++)
        if (strcmp (addition->names[i], name) == 0)
            return true;
    return false;
}

/* What was added, in C order, little-endian. */
static void
check_added (tenon_file *file, const struct addition *addition, uint32_t i)
{
    tenon_memory *memory = NULL;
    tenon_error error;
    uint64_t index, size;
    if (tenon_find (file, addition->names[i], &index) < 0)
        fuzz_fail ("'%s' was added, and is missing", addition->names[i]);
    tenon_tensor_info info = fuzz_tensor (file, index);
    const uint8_t *found = fuzz_load (file, index, TENON_NONE, &size, &memory, &error);
    uint8_t *expected = malloc (addition->data[i].size + 1);
    if (!found || !expected)
        fuzz_fail ("'%s' was added, and cannot be read: %s", info.name, error.message);
    if (info.dtype != addition->dtypes[i] || info.rank != addition->shapes[i].rank
        || size != addition->data[i].size)
        fuzz_fail ("'%s' was added, %u of %zu bytes, and is %u of %llu", info.name, addition->dtypes[i],
                   addition->data[i].size, info.dtype, (unsigned long long) size);
    info.flags = addition->flags[i];
    fuzz_straighten (file, &info, addition->data[i].data ? addition->data[i].data : expected, expected);
    if (size > 0 && memcmp (found, expected, size) != 0)
        fuzz_fail ("'%s' was added, and has other bytes", info.name);
    free (expected);
    tenon_memory_free (memory);
}

static void
check_kept (tenon_file *old, tenon_file *now, const struct addition *addition)
{
    for (uint64_t i = 0; i < tenon_count (old) && i < FUZZ_MOST_TENSORS; i++) {
        tenon_tensor_info info = fuzz_tensor (old, i), other;
        tenon_memory *memory[2] = { NULL, NULL };
        tenon_error errors[2];
        uint64_t index, sizes[2];
        if (is_replaced (addition, info.name))
            continue;
        if (tenon_find (now, info.name, &index) < 0)
            fuzz_fail ("'%s' was in the file, and is missing", info.name);
        other = fuzz_tensor (now, index);
        if (strcmp (info.dtype_name, other.dtype_name) != 0 || info.nbytes != other.nbytes)
            fuzz_fail ("'%s' was %s, and is %s", info.name, info.dtype_name, other.dtype_name);
        if (info.nbytes > FUZZ_MOST_BYTES)
            continue;
        const uint8_t *a = fuzz_load (old, i, TENON_NONE, &sizes[0], &memory[0], &errors[0]);
        const uint8_t *b = fuzz_load (now, index, TENON_NONE, &sizes[1], &memory[1], &errors[1]);
        bool late = fuzz_meets_sum (errors[0].status, errors[1].status);
        if (!late && (!a != !b || (a && (sizes[0] != sizes[1] || memcmp (a, b, sizes[0]) != 0))))
            fuzz_fail ("'%s' has other bytes than before: %s%s", info.name, errors[0].message,
                       errors[1].message);
        tenon_memory_free (memory[0]);
        tenon_memory_free (memory[1]);
    }
}

static void
append_to (const struct fuzz_buffer *bytes, const char *name, tenon_file *old, struct fuzz_recipe *recipe)
{
    const char *path = target_path (name);
    const char *const compressed[] = { "npz.compression=deflate", NULL };
    uint8_t choice = fuzz_byte (recipe);
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_APPEND };
    tenon_error error = TENON_ERROR_INIT;
    struct addition addition;
    tenon_plan *plan;
    tenon_file *now;
    options.flags |= choice & 1 ? TENON_SAVE_CARRY : 0;
    options.settings = choice & 2 ? compressed : NULL;
    write_file (path, bytes);
    if (tenon_plan_new (fuzz_context (FUZZ_ONE), &plan, NULL) < 0)
        abort ();
    make_addition (&addition, recipe, plan);
    if (tenon_save (plan, path, &options, NULL, NULL, &error) < 0) {
        if (!has_bytes (path, bytes))
            fuzz_fail ("adding failed, and the file is another one: %s", error.message);
    } else if (tenon_open (fuzz_context (FUZZ_FOUR), path, NULL, &now, &error) < 0)
        fuzz_fail ("arrays were added, and the file does not open: %s", error.message);
    else {
        check_kept (old, now, &addition);
        for (uint32_t i = 0; i < addition.count; i++)
            if (addition.names[i][0])
                check_added (now, &addition, i);
        tenon_close (now);
    }
    for (uint32_t i = 0; i < addition.count; i++)
        fuzz_free (&addition.data[i]);
    tenon_plan_free (plan);
    remove (path);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    struct fuzz_files files;
    const char *name = "fuzz.npz";
    fuzz_recipe_begin (&recipe, data, size);
    if (fuzz_rarely (&recipe, 8))
        name = fuzz_make_file (&bytes, &recipe);
    else
        fuzz_make_zip (&bytes, &recipe, 1);
    fuzz_damage (&bytes, &recipe);
    if (fuzz_open_all (&files, bytes.data, bytes.size, name, NULL)) {
        append_to (&bytes, name, files.way[0], &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    return 0;
}
