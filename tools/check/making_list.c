/* SPDX-License-Identifier: MIT */
/* making_list.c - what a codec can write, asked tensor by tensor. */
#include "check/making.h"
#include "library.h"

#define MANY 60

struct maker {
    tenon_context *context;
    const tenon_codec_info *codec;
    making_refusal *refused;
    void *user;
    struct making_list *list;
    struct made_form form; /* the first one that the codec takes, or f32 */
    bool taken;            /* the last tensor was not refused */
};

/* True if the codec takes a file of this tensor alone. */
static bool
takes_tensor (struct maker *maker, const struct made_tensor *tensor)
{
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (plan) tenon_plan *plan = NULL;
    if (tenon_plan_new (maker->context, &plan, &error) < 0 || !making_add (plan, tensor, &error))
        return false;
    if (made_save (plan, maker->codec, "made", TENON_SAVE_DRY_RUN, NULL, NULL, &error) == TENON_OK)
        return true;
    if (maker->refused)
        maker->refused (maker->user, tensor, &error);
    return false;
}

static struct making *
begin_making (struct maker *maker, const char *title)
{
    struct making_list *list = maker->list;
    list->items = get_memory (list->items, list->count + 1, sizeof *list->items);
    struct making *making = &list->items[list->count++];
    *making = (struct making){ 0 };
    snprintf (making->title, sizeof making->title, "%s", title);
    return making;
}

/* Puts the tensor, whose data become the list's, into the last file, or into another one of the same title
 * if the format holds no more. */
static void
put_making (struct maker *maker, const struct made_tensor *tensor)
{
    struct making *making = &maker->list->items[maker->list->count - 1];
    if (maker->codec->max_tensors > 0 && making->count >= maker->codec->max_tensors) {
        char title[sizeof making->title];
        snprintf (title, sizeof title, "%.*s-%zu", (int) strcspn (making->title, "-"), making->title,
                  maker->list->count);
        making = begin_making (maker, title);
    }
    making->tensors = get_memory (making->tensors, making->count + 1, sizeof *making->tensors);
    making->tensors[making->count++] = *tensor;
}

static void
make_tensor (struct maker *maker, const char *name, uint32_t dtype, uint32_t rank, const uint64_t *shape)
{
    struct made_tensor tensor;
    made_tensor_fill (maker->context, &tensor, name, dtype, rank, shape);
    maker->taken = takes_tensor (maker, &tensor);
    if (maker->taken)
        put_making (maker, &tensor);
    else
        free (tensor.data);
}

/* ---- the files ---- */

/* A tensor of the dtype: a matrix, or, as long as the codec has taken nothing, of the first rank that it
 * takes. */
static void
make_of_dtype (struct maker *maker, uint32_t dtype, const struct tenon_dtype *about)
{
    static const uint32_t ranks[] = { 2, 1, 3, 4, 0 };
    const uint64_t dims[] = { 1, 2, 2, 3 * about->block_items };
    char name[96];
    snprintf (name, sizeof name, "t_%.80s", about->name);
    maker->taken = false;
    for (size_t i = 0; i < COUNT_OF (ranks) && !maker->taken; i++) {
        uint32_t rank = maker->form.dtype == TENON_NONE ? ranks[i] : maker->form.rank;
        make_tensor (maker, name, dtype, rank, dims + COUNT_OF (dims) - rank);
        if (maker->taken && (maker->form.dtype == TENON_NONE || dtype == TENON_F32))
            maker->form = (struct made_form){ dtype, rank };
        if (maker->form.dtype != TENON_NONE)
            break;
    }
}

static void
make_dtypes (struct maker *maker)
{
    begin_making (maker, "dtypes");
    for (uint32_t id = TENON_NONE; (id = tenon_dtype_next (maker->context, id)) != TENON_NONE;) {
        struct tenon_dtype about = { .struct_size = sizeof about };
        if (tenon_dtype_get (maker->context, NULL, id, &about) == TENON_OK)
            make_of_dtype (maker, id, &about);
    }
}

static void
make_shapes (struct maker *maker)
{
    static const struct {
        const char *name;
        uint32_t rank;
        uint64_t dims[MOST_RANK]; /* the last one in blocks */
    } shapes[] = {
        { "scalar", 0, { 0 } },           { "vector", 1, { 5 } },
        { "matrix", 2, { 3, 2 } },        { "cube", 3, { 2, 3, 4 } },
        { "four", 4, { 2, 1, 3, 2 } },    { "ones", 4, { 1, 1, 1, 1 } },
        { "nothing", 1, { 0 } },          { "no_rows", 2, { 0, 3 } },
        { "no_columns", 2, { 3, 0 } },    { "no_middle", 3, { 2, 0, 2 } },
        { "five", 5, { 2, 3, 1, 2, 2 } }, { "eight", 8, { 2, 1, 2, 1, 2, 1, 3, 2 } },
    };
    struct tenon_dtype about = { .struct_size = sizeof about };
    tenon_dtype_get (maker->context, NULL, maker->form.dtype, &about);
    begin_making (maker, "shapes");
    for (size_t i = 0; i < COUNT_OF (shapes); i++) {
        uint64_t dims[MOST_RANK];
        memcpy (dims, shapes[i].dims, sizeof dims);
        if (shapes[i].rank > 0)
            dims[shapes[i].rank - 1] *= about.block_items;
        make_tensor (maker, shapes[i].name, maker->form.dtype, shapes[i].rank, dims);
    }
}

static void
make_names (struct maker *maker)
{
    static const char *const names[] = { "model.layers.0.weight",
                                         "a/b/c",
                                         "with space",
                                         "UPPER",
                                         "0",
                                         ("gr\xc3\xb6\xc3\x9f"
                                          "e.\xce\xbb"),
                                         "quote\"and'back\\slash",
                                         "x=1;y,{z}",
                                         "-dash",
                                         "\xf0\x9f\x94\xa2" };
    struct tenon_dtype about = { .struct_size = sizeof about };
    char name[201];
    uint64_t shape[4];
    tenon_dtype_get (maker->context, NULL, maker->form.dtype, &about);
    made_shape (&maker->form, about.block_items, 2, shape);
    begin_making (maker, "names");
    for (size_t i = 0; i < COUNT_OF (names); i++)
        make_tensor (maker, names[i], maker->form.dtype, maker->form.rank, shape);
    memset (name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    make_tensor (maker, name, maker->form.dtype, maker->form.rank, shape);
}

static void
make_layouts (struct maker *maker)
{
    static const uint64_t shape[] = { 3, 5 };
    static const uint32_t dtypes[] = { TENON_I16, TENON_F32, TENON_F64, TENON_U8 };
    begin_making (maker, "layouts");
    for (unsigned i = 0; i < COUNT_OF (dtypes); i++)
        for (uint32_t flags = 1; flags <= 3; flags++) {
            char name[32];
            snprintf (name, sizeof name, "layout_%u_%u", (unsigned) dtypes[i], (unsigned) flags);
            struct made_tensor tensor;
            made_tensor_fill (maker->context, &tensor, name, dtypes[i], 2, shape);
            made_tensor_turn (&tensor, flags);
            if (takes_tensor (maker, &tensor))
                put_making (maker, &tensor);
            else
                free (tensor.data);
        }
}

static void
make_large (struct maker *maker)
{
    struct tenon_dtype about = { .struct_size = sizeof about };
    char name[32];
    tenon_dtype_get (maker->context, NULL, maker->form.dtype, &about);
    const uint64_t large[] = { 300, 250 / about.block_items * about.block_items + about.block_items };
    uint64_t small[4];
    made_shape (&maker->form, about.block_items, 1, small);
    begin_making (maker, "large");
    make_tensor (maker, "large", maker->form.dtype, 2, large);
    for (unsigned i = 0; i < MANY && maker->codec->max_tensors == 0; i++) {
        if (i == 0)
            begin_making (maker, "many");
        struct made_tensor tensor;
        snprintf (name, sizeof name, "tensor.%u", i);
        made_tensor_fill (maker->context, &tensor, name, maker->form.dtype, maker->form.rank, small);
        put_making (maker, &tensor); /* not asked one by one, since all are like those of the names above */
    }
}

uint64_t
made_shape (const struct made_form *form, uint64_t items, uint64_t count, uint64_t shape[4])
{
    for (uint32_t i = 0; i < form->rank; i++)
        shape[i] = 1;
    if (form->rank == 0)
        return 1;
    shape[form->rank - 1] = form->rank < 3 ? count * items : 3 * items;
    if (form->rank >= 3)
        shape[form->rank - 2] = count;
    return form->rank < 3 ? count : 3 * count;
}

struct made_form
making_form (tenon_context *context, const tenon_codec_info *codec)
{
    struct making_list list = { 0 };
    struct maker maker = { context, codec, NULL, NULL, &list, { TENON_NONE, 1 }, false };
    make_dtypes (&maker);
    making_list_clean (&list);
    return maker.form;
}

/* Files of nothing but titles go. */
static void
drop_empty (struct making_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].count > 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

void
making_list_make (tenon_context *context, const tenon_codec_info *codec, making_refusal *refused, void *user,
                  struct making_list *list)
{
    struct maker maker = { context, codec, refused, user, list, { TENON_NONE, 1 }, false };
    make_dtypes (&maker);
    if (maker.form.dtype != TENON_NONE) {
        make_shapes (&maker);
        make_names (&maker);
        make_layouts (&maker);
        make_large (&maker);
        if (codec->metadata > 0) {
            struct tenon_dtype about = { .struct_size = sizeof about };
            uint64_t shape[4];
            tenon_dtype_get (context, NULL, maker.form.dtype, &about);
            made_shape (&maker.form, about.block_items, 2, shape);
            begin_making (&maker, "metadata");
            make_tensor (&maker, "weight", maker.form.dtype, maker.form.rank, shape);
            list->items[list->count - 1].metadata = true;
        }
    }
    drop_empty (list);
}

void
making_free (struct making *making)
{
    for (size_t i = 0; i < making->count; i++)
        free (making->tensors[i].data);
    free (making->tensors);
}

void
making_list_clean (struct making_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        making_free (&list->items[i]);
    free (list->items);
    *list = (struct making_list){ 0 };
}
