/* SPDX-License-Identifier: MIT */
/* make_npy.c - shapes, names, and npy files (NumPy's NEP 1). */
#include "make.h"

void
fuzz_put_field (struct fuzz_buffer *buffer, struct fuzz_recipe *recipe, uint64_t truth, unsigned width)
{
    fuzz_put_number (buffer, fuzz_lie (recipe, truth), width, false);
}

void
fuzz_make_shape (struct fuzz_shape *shape, struct fuzz_recipe *recipe, uint32_t most_rank)
{
    static const uint8_t dims[] = { 3, 1, 2, 4, 5, 8, 7, 32, 64, 0 };
    shape->rank = fuzz_below (recipe, most_rank + 1);
    shape->elements = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        uint64_t dim = dims[fuzz_below (recipe, 10)];
        if (shape->elements * dim > 4096)
            dim = 1;
        shape->dims[i] = dim;
        shape->elements *= dim;
    }
}

void
fuzz_make_name (char name[64], struct fuzz_recipe *recipe, uint32_t number)
{
    static const char *const stems[] = { "a", "w.", "dir/x", "\xc3\xbc", "layer.0.weight_", "..", "A ", "a" };
    uint8_t choice = fuzz_byte (recipe);
    if (choice >= 0xf8)
        number = choice % 2; /* perhaps that of another one */
    snprintf (name, 64, "%s%u", stems[choice % 8], number);
    if (choice == 0xf7)
        name[0] = 0;
}

static const struct descr {
    const char *text;
    uint32_t size;
} descrs[] = {
    { "'<f4'", 4 },
    { "'|u1'", 1 },
    { "'>f4'", 4 },
    { "'<i2'", 2 },
    { "'<f8'", 8 },
    { "'|b1'", 1 },
    { "'>i8'", 8 },
    { "'<f2'", 2 },
    { "'<c16'", 16 },
    { "'>c8'", 8 },
    { "'<V2'", 2 },
    { "'|V1'", 1 },
    { "'|S3'", 3 },
    { "'>U2'", 8 },
    { "'<M8[ns]'", 8 },
    { "'|V5'", 5 },
    { "[('a', '<i4'), ('b', '>f8')]", 12 },
    { "[('x', '|u1', (3,)), ('y', [('z', '>u2')])]", 5 },
    { "'>u4'", 4 },
    { "'|i1'", 1 },
};
#define DESCRS (sizeof descrs / sizeof descrs[0])

static void
put_shape (struct fuzz_buffer *text, struct fuzz_recipe *recipe, const struct fuzz_shape *shape)
{
    fuzz_text (text, "(");
    for (uint32_t i = 0; i < shape->rank; i++)
        fuzz_text (text,
                   i + 1 < shape->rank ? "%llu, "
                   : shape->rank == 1  ? "%llu,"
                                       : "%llu",
                   (unsigned long long) fuzz_lie (recipe, shape->dims[i]));
    fuzz_text (text, ")");
}

void
fuzz_make_npy (struct fuzz_buffer *file, struct fuzz_recipe *recipe)
{
    struct fuzz_buffer text = { 0 };
    struct fuzz_shape shape;
    const struct descr *descr = &descrs[fuzz_below (recipe, DESCRS)];
    uint8_t choice = fuzz_byte (recipe);
    bool wide = choice % 16 == 15;
    fuzz_make_shape (&shape, recipe, choice % 32 == 31 ? 9 : 4);
    if (choice >= 0xf0) { /* so many bytes that a deflated member has blocks */
        shape = (struct fuzz_shape){ .dims = { 150000 / descr->size }, .rank = 1 };
        shape.elements = shape.dims[0];
    }
    fuzz_text (&text, "{'descr': %s, 'fortran_order': %s, 'shape': ", descr->text,
               choice & 1 ? "True" : "False");
    put_shape (&text, recipe, &shape);
    fuzz_text (&text, ", }");
    size_t lead = wide ? 12 : 10;
    while ((text.size + lead + 1) % 64 != 0)
        fuzz_text (&text, " ");
    fuzz_text (&text, "\n");
    fuzz_put (file, "\x93NUMPY", 6);
    fuzz_put_field (file, recipe, wide ? 2 : 1, 1);
    fuzz_put_field (file, recipe, 0, 1);
    fuzz_put_field (file, recipe, text.size, wide ? 4 : 2);
    fuzz_put (file, text.data, text.size);
    fuzz_put_pattern (file, recipe, (size_t) fuzz_lie (recipe, shape.elements * descr->size) % (1u << 18));
    fuzz_free (&text);
}
