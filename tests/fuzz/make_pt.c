/* SPDX-License-Identifier: MIT */
/* make_pt.c - what torch.save writes: a pickle of dicts, lists, tensors and other values, and storages, in an
 * archive or behind the pickle. */
#include "make.h"
#include <zlib.h>

/* Storages: their numbers are their keys. */
enum { MOST_STORAGES = 4, STORAGE_BYTES = 256 };
static const struct {
    const char *storage;
    uint32_t bytes;
} types[] = { { "FloatStorage", 4 },        { "HalfStorage", 2 },          { "BFloat16Storage", 2 },
              { "LongStorage", 8 },         { "IntStorage", 4 },           { "ByteStorage", 1 },
              { "DoubleStorage", 8 },       { "ShortStorage", 2 },         { "CharStorage", 1 },
              { "ComplexFloatStorage", 8 }, { "ComplexDoubleStorage", 16 } };
#define TYPES ((uint32_t) (sizeof types / sizeof types[0]))

struct maker {
    struct fuzz_buffer *pickle;
    struct fuzz_recipe *recipe;
    struct fuzz_pt *what;
    uint32_t type[MOST_STORAGES]; /* 1 + a row of types; 0: no tensor has it */
    uint32_t memo, names;
};

/* ---- values ---- */

static void
put_text (struct maker *maker, const char *text)
{
    size_t length = strlen (text);
    fuzz_put (maker->pickle, "X", 1);
    fuzz_put_field (maker->pickle, maker->recipe, length, 4);
    fuzz_put (maker->pickle, text, length);
}

static void
put_int (struct maker *maker, uint64_t number)
{
    uint64_t lie = fuzz_lie (maker->recipe, number);
    if (lie < 256) {
        fuzz_put (maker->pickle, "K", 1);
        fuzz_put_number (maker->pickle, lie, 1, false);
    } else {
        fuzz_put (maker->pickle, "\x8a\x08", 2);
        fuzz_put_number (maker->pickle, lie, 8, false);
    }
}

static void
put_storage (struct maker *maker, uint32_t number)
{
    char key[8];
    fuzz_put (maker->pickle, "(", 1);
    put_text (maker, "storage");
    fuzz_text (maker->pickle, "ctorch\n%s\n", types[maker->type[number] - 1].storage);
    snprintf (key, sizeof key, "%u", number);
    put_text (maker, key);
    put_text (maker, "cpu");
    put_int (maker, STORAGE_BYTES / types[maker->type[number] - 1].bytes);
    fuzz_text (maker->pickle, "tQ");
}

/* A shape within the storage, in C order, in Fortran order, or with steps and repetitions. */
static void
put_tensor (struct maker *maker)
{
    struct fuzz_recipe *recipe = maker->recipe;
    uint32_t number = fuzz_below (recipe, MOST_STORAGES), form = fuzz_below (recipe, 4);
    if (!maker->type[number])
        maker->type[number] = 1 + fuzz_below (recipe, TYPES);
    uint64_t items = STORAGE_BYTES / types[maker->type[number] - 1].bytes, rows = fuzz_below (recipe, 5),
             columns = fuzz_below (recipe, 4), steps[2] = { columns, 1 };
    if (form == 1)
        steps[0] = 1, steps[1] = rows;
    else if (form == 2)
        steps[0] = fuzz_below (recipe, 2), steps[1] = fuzz_below (recipe, 3);
    uint64_t reach = rows && columns ? (rows - 1) * steps[0] + (columns - 1) * steps[1] + 1 : 0;
    maker->what->spare |= reach > items;
    fuzz_text (maker->pickle, "ctorch._utils\n_rebuild_tensor_v2\n(");
    put_storage (maker, number);
    put_int (maker, reach < items ? fuzz_below (recipe, (uint32_t) (items - reach)) : 0);
    put_int (maker, rows), put_int (maker, columns);
    fuzz_put (maker->pickle, "\x86", 1);
    put_int (maker, steps[0]), put_int (maker, steps[1]);
    fuzz_put (maker->pickle, "\x86\x89", 2);
    fuzz_text (maker->pickle, "ccollections\nOrderedDict\n)RtR");
    maker->what->tensors++;
}

/* A number of NumPy, little-endian; a constant, or a float of Python. */
static void
put_rare_scalar (struct maker *maker, uint32_t byte)
{
    static const char *const numbers[] = { "f4", "f8", "i8", "u2", "i1", "b1" };
    if (byte >= 208 && byte < 232) {
        const char *type = numbers[byte % 6];
        fuzz_text (maker->pickle, "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\nU\x02%s\x89\x88\x87R",
                   type);
        fuzz_text (maker->pickle, "C%c", type[1] - '0');
        fuzz_put (maker->pickle, "\1\0\0\0\0\0\0\0", (size_t) (type[1] - '0'));
        fuzz_text (maker->pickle, "tR");
    } else if (byte >= 232 && byte < 240)
        fuzz_text (maker->pickle, "ctorch\ndevice\nU\x03"
                                  "cpu\x85R");
    else if (byte >= 240)
        fuzz_text (maker->pickle, "ctorch\n%s\n", byte % 2 ? "float16" : "int8");
    else
        fuzz_text (maker->pickle, "F%u.5\n", byte);
}

/* One of the values that stand for themselves. */
static void
put_scalar (struct maker *maker, uint32_t kind)
{
    char name[64];
    switch (kind) {
    case 0: put_int (maker, fuzz_byte (maker->recipe)); break;
    case 1: fuzz_put (maker->pickle, "N", 1); break;
    case 2: fuzz_put (maker->pickle, "\x88", 1); break;
    case 3: fuzz_put (maker->pickle, "G\x3f\xe0\0\0\0\0\0\0", 9); break;
    case 4:
        fuzz_make_name (name, maker->recipe, maker->names++);
        put_text (maker, name);
        break;
    case 5: fuzz_text (maker->pickle, "ctorch\nfloat32\n"); break;
    case 6: fuzz_text (maker->pickle, "ctorch\nSize\n(K\x01K\x02t\x85R"); break;
    case 7:
        fuzz_text (maker->pickle, "ca\nb\n)\x81}X\x01"), fuzz_put (maker->pickle, "\0\0\0kK\x01sb", 8);
        break;
    case 8: fuzz_text (maker->pickle, "cos\nsystem\n)R"); break;
    case 9:
        fuzz_put (maker->pickle, "\x96", 1);
        fuzz_put_field (maker->pickle, maker->recipe, 3, 8);
        fuzz_put (maker->pickle, "abc", 3);
        break;
    case 10:
        fuzz_put (maker->pickle, "\x8a", 1);
        fuzz_put_field (maker->pickle, maker->recipe, 10, 1);
        fuzz_put (maker->pickle, "0123456789", 10);
        break;
    default: put_rare_scalar (maker, fuzz_byte (maker->recipe)); break;
    }
}

/* Remembers the value on the stack, or recalls one. */
static void
put_memo (struct maker *maker)
{
    if (maker->memo > 0 && fuzz_rarely (maker->recipe, 2)) {
        fuzz_put (maker->pickle, "0h", 2);
        fuzz_put_field (maker->pickle, maker->recipe, fuzz_below (maker->recipe, maker->memo), 1);
        maker->what->spare = true; /* it may hold itself, or be a tensor */
    } else if (maker->memo < 255) {
        fuzz_put (maker->pickle, "q", 1);
        fuzz_put_field (maker->pickle, maker->recipe, maker->memo++, 1);
    }
}

static void put_value (struct maker *maker, uint32_t depth);

/* A key of a dict. One that the dict has already takes the place of its value. */
static void
put_key (struct maker *maker, char keys[9][64], uint32_t number)
{
    if (fuzz_rarely (maker->recipe, 4)) {
        keys[number][0] = 0;
        put_int (maker, number);
        return;
    }
    fuzz_make_name (keys[number], maker->recipe, maker->names++);
    for (uint32_t i = 0; i < number; i++)
        maker->what->spare |= strcmp (keys[i], keys[number]) == 0;
    put_text (maker, keys[number]);
}

static void
put_container (struct maker *maker, uint32_t form, uint32_t depth)
{
    uint32_t count = fuzz_below (maker->recipe, depth == 2 ? 9 : 5);
    char keys[9][64];
    fuzz_text (maker->pickle, form == 0   ? "}"
                              : form == 1 ? "ccollections\nOrderedDict\n)R"
                              : form == 2 ? "]"
                                          : "(");
    if (fuzz_rarely (maker->recipe, 4) && form != 3)
        put_memo (maker);
    if (form != 3)
        fuzz_put (maker->pickle, "(", 1);
    for (uint32_t i = 0; i < count; i++) {
        if (form < 2)
            put_key (maker, keys, i);
        put_value (maker, depth);
    }
    fuzz_text (maker->pickle, form < 2 ? "u" : form == 2 ? "e" : "t");
}

static void
put_value (struct maker *maker, uint32_t depth)
{
    uint32_t kind = fuzz_below (maker->recipe, 24);
    if (kind < 8)
        put_tensor (maker);
    else if (kind < 12 && depth > 0)
        put_container (maker, kind - 8, depth - 1);
    else
        put_scalar (maker, kind - 12 < 12 ? kind - 12 : 0);
    if (fuzz_rarely (maker->recipe, 16))
        put_memo (maker);
}

/* ---- files ---- */

static void
put_legacy (struct fuzz_buffer *file, struct maker *maker)
{
    char key[8];
    fuzz_put (file, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.",
              25);
    fuzz_put (file, maker->pickle->data, maker->pickle->size);
    fuzz_put (file, "\x80\x02](", 4);
    for (uint32_t i = 0; i < MOST_STORAGES; i++)
        if (maker->type[i]) {
            int length = snprintf (key, sizeof key, "U\x01%u", i);
            fuzz_put (file, key, (size_t) length);
        }
    fuzz_put (file, "e.", 2);
    for (uint32_t i = 0; i < MOST_STORAGES; i++)
        if (maker->type[i]) {
            fuzz_put_field (file, maker->recipe, STORAGE_BYTES / types[maker->type[i] - 1].bytes, 8);
            fuzz_put_pattern (file, maker->recipe, STORAGE_BYTES);
        }
}

static void
put_common (struct fuzz_buffer *to, const char *name, const struct fuzz_buffer *bytes)
{
    fuzz_put_number (to, 0, 2, false), fuzz_put_number (to, 0, 2, false),
        fuzz_put_number (to, 0x00210000, 4, false);
    fuzz_put_number (to, crc32 (0, bytes->data, (uInt) bytes->size), 4, false);
    fuzz_put_number (to, bytes->size, 4, false), fuzz_put_number (to, bytes->size, 4, false);
    fuzz_put_number (to, strlen (name), 2, false), fuzz_put_number (to, 0, 2, false);
}

/* A stored member: the archive's own lies are those of make_zip.c. */
static void
put_member (struct fuzz_buffer *file, struct fuzz_buffer *directory, const char *name,
            const struct fuzz_buffer *bytes)
{
    uint64_t place = file->size;
    fuzz_put (file, "PK\3\4\x14\0", 6);
    put_common (file, name, bytes);
    fuzz_put (file, name, strlen (name));
    fuzz_put (file, bytes->data, bytes->size);
    fuzz_put (directory, "PK\1\2\x14\0\x14\0", 8);
    put_common (directory, name, bytes);
    fuzz_put (directory, "\0\0\0\0\0\0\0\0\0\0", 10);
    fuzz_put_number (directory, place, 4, false);
    fuzz_put (directory, name, strlen (name));
}

static void
put_archive (struct fuzz_buffer *file, struct maker *maker)
{
    struct fuzz_buffer directory = { 0 }, bytes = { 0 };
    uint32_t count = 1;
    char name[32];
    put_member (file, &directory, "m/data.pkl", maker->pickle);
    for (uint32_t i = 0; i < MOST_STORAGES + 1; i++) {
        bytes.size = 0;
        if (i == MOST_STORAGES)
            fuzz_text (&bytes, fuzz_rarely (maker->recipe, 4) ? "big" : "little");
        else if (maker->type[i])
            fuzz_put_pattern (&bytes, maker->recipe, STORAGE_BYTES);
        else
            continue;
        snprintf (name, sizeof name, i == MOST_STORAGES ? "m/byteorder" : "m/data/%u", i);
        put_member (file, &directory, name, &bytes);
        count++;
    }
    uint64_t place = file->size;
    fuzz_put (file, directory.data, directory.size);
    fuzz_put (file, "PK\5\6\0\0\0\0", 8);
    fuzz_put_number (file, count, 2, false), fuzz_put_number (file, count, 2, false);
    fuzz_put_number (file, directory.size, 4, false), fuzz_put_number (file, place, 4, false);
    fuzz_put_number (file, 0, 2, false);
    fuzz_free (&directory), fuzz_free (&bytes);
}

void
fuzz_make_pt (struct fuzz_buffer *file, struct fuzz_recipe *recipe, struct fuzz_pt *what)
{
    struct fuzz_buffer pickle = { 0 };
    struct maker maker = { .pickle = &pickle, .recipe = recipe, .what = what };
    bool legacy = fuzz_rarely (recipe, 2);
    fuzz_put (&pickle, "\x80\x02", 2);
    if (fuzz_rarely (recipe, 8)) { /* the fuzzer's own opcodes */
        what->spare = true;
        while (recipe->at < recipe->end)
            fuzz_put (&pickle, recipe->at++, 1);
    } else
        put_container (&maker, fuzz_below (recipe, 4), 3);
    fuzz_put (&pickle, ".", 1);
    if (legacy)
        put_legacy (file, &maker);
    else
        put_archive (file, &maker);
    fuzz_free (&pickle);
}
