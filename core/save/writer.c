/* SPDX-License-Identifier: MIT */
/* writer.c - saves tensors that come one after the other: it keeps their bytes, and saves a plan of them in
 * the end. */
#include "base/report.h"
#include "plan/arrays.h"
#include "plan/entries.h"
#include "save/saving.h"
#include "save/writer_bytes.h"
#include "transfer/transfer.h"

struct tenon_writer {
    tenon_plan *plan;
    char *path;
    tenon_save_options options;
    char *format;    /* options.format */
    char **settings; /* options.settings */
    struct tn_writer_bytes kept;
    bool begun;   /* tenon_writer_begin has begun a tensor */
    bool unknown; /* its first dim is not known */
    bool finished;
    struct tn_array array; /* that tensor; its name and shape follow */
    char *name;
    uint64_t shape[TN_MAX_RANK];
    tenon_error failure; /* of tenon_writer_put, after which its tensor lacks bytes */
};

/* ---- beginning and end ---- */

static char **
copy_texts (const char *const *texts)
{
    size_t count = 0;
    while (texts[count])
        count++;
    char **copy = calloc (count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        if (!(copy[i] = tn_strndup (texts[i], strlen (texts[i])))) {
            while (i-- > 0)
                free (copy[i]);
            free (copy);
            return NULL;
        }
    return copy;
}

static tenon_status
copy_save_options (tenon_writer *writer, const char *path, const tenon_save_options *theirs,
                   tenon_error *error)
{
    tenon_save_options *options = &writer->options;
    options->struct_size = sizeof *options;
    if (theirs && !tn_copy_struct (options, sizeof *options, theirs, offsetof (tenon_save_options, format)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_save_options has a wrong struct_size");
    writer->path = tn_strndup (path, strlen (path));
    if (options->format && !(writer->format = tn_strndup (options->format, strlen (options->format))))
        return tn_fail_memory (error);
    if (options->settings && !(writer->settings = copy_texts (options->settings)))
        return tn_fail_memory (error);
    options->format = writer->format;
    options->settings = (const char *const *) writer->settings;
    return writer->path ? TENON_OK : tn_fail_memory (error);
}

/* Checks the folder of the target, and an old file there, as the save will. */
static tenon_status
look_at_place (const struct tn_saving *saving, tenon_error *error)
{
    const bool must_be_new = saving->options.flags & TENON_SAVE_NEW;
    tenon_status status;
    if (saving->store.folder) {
        struct tn_tree_options options = { .must_be_new = must_be_new };
        struct tn_tree *tree = NULL;
        status = tn_tree_begin (&tree, saving->path, &options, error);
        tn_tree_abort (tree);
    } else {
        struct tn_atomic_options options = { .must_be_new = must_be_new };
        struct tn_atomic *atomic = NULL;
        status = tn_atomic_begin (&atomic, saving->path, &options, error);
        tn_atomic_abort (atomic);
    }
    if (status < 0)
        tn_fail_in (error, saving->path, NULL);
    return status;
}

/* Fails now if the save would fail whatever its tensors are. */
static tenon_status
check_target (const tenon_writer *writer, tenon_error *error)
{
    struct tn_saving saving = { .plan = writer->plan,
                                .context = writer->plan->context,
                                .options = writer->options,
                                .report = tn_report_new (),
                                .error = error };
    saving.options.flags &= ~(uint32_t) TENON_SAVE_CARRY;
    if (!saving.report)
        return tn_fail_memory (error);
    if (writer->options.flags & TENON_FLAGS_MUST_KNOW)
        (void) tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "save flags %#x are not known to this version",
                        writer->options.flags & TENON_FLAGS_MUST_KNOW);
    else if (tn_saving_choose (&saving, writer->path) < 0)
        tn_fail_in (error, saving.path ? saving.path : writer->path, NULL);
    else
        look_at_place (&saving, error);
    free (saving.path);
    free (saving.name);
    tn_overlay_free (&saving.overlay);
    tenon_report_free (saving.report);
    return error->status;
}

TENON_API tenon_status
tenon_writer_new (tenon_context *context, const char *path, const tenon_save_options *options,
                  tenon_writer **result, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, result, "writer"))
        return tn_error_out (error, &mine);
    *result = NULL;
    if (!TN_GIVEN (&mine, context, "context") || !TN_GIVEN (&mine, path, "path"))
        return tn_error_out (error, &mine);
    tenon_writer *writer = calloc (1, sizeof *writer);
    tenon_status status = writer ? tenon_plan_new (context, &writer->plan, NULL) : TENON_E_MEMORY;
    if (status < 0)
        tn_fail_memory (&mine);
    else {
        writer->plan->lent = true;
        tn_error_clear (&writer->failure);
        status = copy_save_options (writer, path, options, &mine);
    }
    if (status == TENON_OK)
        status =
            tn_writer_bytes_begin (&writer->kept, writer->plan, writer->path, writer->options.memory, &mine);
    if (status == TENON_OK)
        status = check_target (writer, &mine);
    if (status == TENON_OK)
        *result = writer;
    else
        tenon_writer_free (writer);
    return tn_error_out (error, &mine);
}

TENON_API void
tenon_writer_free (tenon_writer *writer)
{
    if (!writer)
        return;
    if (writer->plan)
        writer->plan->lent = false;
    tenon_plan_free (writer->plan);
    tn_writer_bytes_free (&writer->kept);
    for (size_t i = 0; writer->settings && writer->settings[i]; i++)
        free (writer->settings[i]);
    free (writer->settings);
    free (writer->format);
    free (writer->path);
    free (writer->name);
    free (writer);
}

TENON_API tenon_plan *
tenon_writer_plan (tenon_writer *writer)
{
    return writer ? writer->plan : NULL;
}

/* Nothing can be added after the end, or while a tensor lacks bytes. */
static tenon_status
check_state (const tenon_writer *writer, bool begun, tenon_error *error)
{
    if (writer->failure.status < 0) {
        *error = writer->failure;
        return error->status;
    }
    if (writer->finished)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the writer has saved its tensors already");
    if (writer->begun == begun)
        return TENON_OK;
    (void) tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                    begun ? "no tensor was begun (tenon_writer_begin)"
                          : "a tensor was begun, and not ended (tenon_writer_end)");
    return writer->begun ? tn_plan_fail_in (error, writer->array.name, writer->array.name_length)
                         : error->status;
}

static tenon_status
check_new_name (const tenon_writer *writer, const struct tn_array *array, tenon_error *error)
{
    uint64_t index;
    if (!tn_catalog_find (writer->plan->own, array->name, array->name_length, &index))
        return TENON_OK;
    return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "the name occurs twice");
}

/* ---- a tensor at once ---- */

static tenon_status
keep_piece (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    return tn_writer_bytes_put (user, bytes, length, error);
}

/* Makes the bytes of an array with strides, or from a function: packed, in the byte order that it has. */
static TN_OWN_FRAME tenon_status
stream_array (tenon_writer *writer, const tenon_array *theirs, tenon_error *error)
{
    struct tn_request request;
    tenon_plan *plan;
    TN_TRY (tenon_plan_new (writer->plan->context, &plan, NULL) < 0 ? tn_fail_memory (error) : TENON_OK);
    tenon_status status = tn_plan_add_arrays (plan, theirs, 1, error);
    if (status == TENON_OK) {
        const struct tn_origin *origin = &plan->origins[0];
        const bool lies = tn_tensor_strides (origin->catalog, origin->tensor);
        uint32_t layout =
            origin->tensor->flags & (lies ? TENON_BIG_ENDIAN : TENON_BIG_ENDIAN | TENON_FORTRAN);
        status = tn_request_make (&request, origin->catalog, origin->tensor, NULL, TENON_NONE, layout, error);
        if (status == TENON_OK && request.size > 0)
            status = tn_transfer_stream (plan->context, &request, tn_way_choose (&request, TN_IN_ORDER),
                                         keep_piece, &writer->kept, NULL, error);
    }
    tenon_plan_free (plan);
    return status;
}

static tenon_status
keep_array (tenon_writer *writer, const struct tn_array *array, const tenon_array *theirs, tenon_error *error)
{
    if (array->lay == TN_LAY_STRIDES || !array->given.data)
        return stream_array (writer, theirs, error);
    return tn_writer_bytes_put (&writer->kept, (const uint8_t *) array->given.data - array->low, array->bytes,
                                error);
}

static tenon_status
add_whole (tenon_writer *writer, struct tn_array *array, const tenon_array *theirs, tenon_error *error)
{
    struct tn_writer_bytes *kept = &writer->kept;
    TN_TRY (tn_array_check (array, error));
    TN_TRY (check_new_name (writer, array, error));
    TN_TRY (tn_writer_bytes_next (kept, array->bytes, error));
    struct tn_array packed = *array;
    packed.lay = array->lay == TN_LAY_STRIDES ? TN_LAY_C : array->lay;
    struct tn_plan_mark mark = tn_plan_mark (writer->plan);
    tenon_status status =
        tn_array_enter (&packed, writer->plan, tn_writer_bytes_source (kept), kept->begin, error);
    if (status == TENON_OK)
        keep_array (writer, array, theirs, error);
    tn_plan_settle (writer->plan, &mark, error);
    if (error->status < 0)
        tn_writer_bytes_drop (kept);
    return error->status;
}

static tenon_status
add_at_once (tenon_writer *writer, const tenon_array *theirs, tenon_error *error)
{
    struct tn_array array;
    TN_TRY (check_state (writer, false, error));
    TN_TRY (tn_array_read (&array, writer->plan, theirs, error));
    return add_whole (writer, &array, theirs, error) < 0
               ? tn_plan_fail_in (error, array.name, array.name_length)
               : TENON_OK;
}

TENON_API tenon_status
tenon_writer_add (tenon_writer *writer, const tenon_array *array, tenon_error *error)
{
    tenon_error mine;
    tn_error_clear (&mine);
    if (TN_GIVEN (&mine, writer, "writer") && TN_GIVEN (&mine, array, "array"))
        add_at_once (writer, array, &mine);
    return tn_error_out (error, &mine);
}

/* ---- a tensor in pieces ---- */

/* Items of all dims but the first. */
static tenon_status
row_items (const struct tn_array *array, uint64_t *items, tenon_error *error)
{
    *items = 1;
    for (uint32_t i = 1; i < array->given.rank; i++)
        if (tn_multiply (*items, array->given.shape[i], items))
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a row of it has 2^64 items or more");
    return TENON_OK;
}

static tenon_status
check_unknown_dim (const struct tn_array *array, tenon_error *error)
{
    uint64_t items;
    if ((array->given.flags & TENON_FORTRAN) && array->given.rank > 1)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "only in C order may the first dim be TENON_UNKNOWN_DIM");
    TN_TRY (row_items (array, &items, error));
    if (items == 0 || array->dtype->block_bytes == 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "its first dim is TENON_UNKNOWN_DIM, and its rows have no bytes that would tell it");
    return TENON_OK;
}

/* Enters the tensor as it would be with one row, to learn whether that fails, and takes it back. */
static tenon_status
try_entering (tenon_writer *writer, tenon_error *error)
{
    struct tn_array *array = &writer->array;
    tenon_plan *plan = writer->plan;
    const struct tenon_dtype *target = tn_catalog_dtype (plan->own, array->given.as);
    struct tn_plan_mark mark = tn_plan_mark (plan);
    if (writer->unknown)
        writer->shape[0] =
            array->given.rank > 1 ? 1 : array->dtype->block_items * (target ? target->block_items : 1);
    TN_TRY (tn_array_measure (array, error));
    tn_array_enter (array, plan, writer->kept.memory, 0, error);
    if (error->status == TENON_OK)
        tn_catalog_enter_names (plan->own, error);
    tn_plan_take_back (plan, &mark);
    return error->status;
}

static tenon_status
begin_checked (tenon_writer *writer, tenon_error *error)
{
    struct tn_array *array = &writer->array;
    tenon_array *given = &array->given;
    if (given->data || given->size || given->fill || given->strides)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tensor that is begun has no data, size, fill or strides: tenon_writer_put brings "
                        "its bytes");
    free (writer->name);
    writer->name = tn_strndup (array->name, array->name_length);
    if (!writer->name)
        return tn_fail_memory (error);
    array->name = writer->name;
    if (given->rank > 0)
        memcpy (writer->shape, given->shape, given->rank * sizeof *writer->shape);
    given->shape = writer->shape;
    given->opaque = NULL; /* its number is known */
    writer->unknown = given->rank > 0 && writer->shape[0] == TENON_UNKNOWN_DIM;
    if (writer->unknown)
        TN_TRY (check_unknown_dim (array, error));
    TN_TRY (try_entering (writer, error));
    return tn_writer_bytes_next (&writer->kept, writer->unknown ? UINT64_MAX : array->bytes, error);
}

static tenon_status
begin_tensor (tenon_writer *writer, const tenon_array *theirs, tenon_error *error)
{
    struct tn_array *array = &writer->array;
    TN_TRY (check_state (writer, false, error));
    TN_TRY (tn_array_read (array, writer->plan, theirs, error));
    if (begin_checked (writer, error) < 0)
        return tn_plan_fail_in (error, array->name, array->name_length);
    if (!array->given.name) { /* the number is taken, also if the program adds to its plan before the end */
        array->given.name = array->name;
        writer->plan->unnamed++;
    }
    writer->begun = true;
    return TENON_OK;
}

TENON_API tenon_status
tenon_writer_begin (tenon_writer *writer, const tenon_array *array, tenon_error *error)
{
    tenon_error mine;
    tn_error_clear (&mine);
    if (TN_GIVEN (&mine, writer, "writer") && TN_GIVEN (&mine, array, "array"))
        begin_tensor (writer, array, &mine);
    return tn_error_out (error, &mine);
}

static tenon_status
put_more (tenon_writer *writer, const void *bytes, uint64_t size, tenon_error *error)
{
    const struct tn_array *array = &writer->array;
    const uint64_t put = writer->kept.put, most = writer->unknown ? INT64_MAX : array->bytes;
    TN_TRY (check_state (writer, true, error));
    if (size > most - put)
        (void) tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "%llu bytes are too many: its shape and dtype need %llu, of which %llu were put",
                        (unsigned long long) size, (unsigned long long) most, (unsigned long long) put);
    else if (tn_writer_bytes_put (&writer->kept, bytes, size, error) < 0) {
        tn_plan_fail_in (error, array->name, array->name_length);
        writer->failure = *error; /* or else rows would be missing, and nothing else */
    }
    return error->status < 0 ? tn_plan_fail_in (error, array->name, array->name_length) : TENON_OK;
}

TENON_API tenon_status
tenon_writer_put (tenon_writer *writer, const void *bytes, uint64_t size, tenon_error *error)
{
    tenon_error mine;
    tn_error_clear (&mine);
    if (TN_GIVEN (&mine, writer, "writer") && TN_GIVEN (&mine, bytes || !size, "bytes"))
        put_more (writer, bytes, size, &mine);
    return tn_error_out (error, &mine);
}

/* The first dim that the bytes make. */
static tenon_status
find_first_dim (tenon_writer *writer, tenon_error *error)
{
    const struct tn_array *array = &writer->array;
    const struct tenon_dtype *dtype = array->dtype;
    uint64_t row, items, put = writer->kept.put;
    TN_TRY (row_items (array, &row, error));
    if (tn_multiply (put / dtype->block_bytes, dtype->block_items, &items) || put % dtype->block_bytes != 0
        || items % row != 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "%llu bytes were put, which are no whole number of rows of %llu items of %s",
                        (unsigned long long) put, (unsigned long long) row, tn_dtype_label (dtype));
    writer->shape[0] = items / row;
    return tn_array_measure (&writer->array, error);
}

static tenon_status
end_tensor (tenon_writer *writer, tenon_error *error)
{
    struct tn_array *array = &writer->array;
    struct tn_writer_bytes *kept = &writer->kept;
    TN_TRY (check_state (writer, true, error));
    tenon_status status = writer->unknown ? find_first_dim (writer, error) : TENON_OK;
    if (status == TENON_OK && kept->put != array->bytes)
        status = tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                          "%llu bytes were put, its shape and dtype need %llu",
                          (unsigned long long) kept->put, (unsigned long long) array->bytes);
    if (status == TENON_OK) {
        struct tn_plan_mark mark = tn_plan_mark (writer->plan);
        tn_array_enter (array, writer->plan, tn_writer_bytes_source (kept), kept->begin, error);
        status = tn_plan_settle (writer->plan, &mark, error);
    }
    if (status < 0)
        return tn_plan_fail_in (error, array->name, array->name_length);
    writer->begun = false;
    return TENON_OK;
}

TENON_API tenon_status
tenon_writer_end (tenon_writer *writer, tenon_error *error)
{
    tenon_error mine;
    tn_error_clear (&mine);
    if (TN_GIVEN (&mine, writer, "writer"))
        end_tensor (writer, &mine);
    return tn_error_out (error, &mine);
}

/* ---- the save ---- */

static tenon_status
prepare_save (tenon_writer *writer, tenon_error *error)
{
    TN_TRY (check_state (writer, false, error));
    return tn_writer_bytes_flush (&writer->kept, error);
}

TENON_API tenon_status
tenon_writer_finish (tenon_writer *writer, tenon_report **report, const tenon_progress *progress,
                     tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (report)
        *report = NULL;
    if (!TN_GIVEN (&mine, writer, "writer") || prepare_save (writer, &mine) < 0)
        return tn_error_out (error, &mine);
    const struct tn_writer_bytes *kept = &writer->kept;
    writer->plan->lent = false;
    tenon_status status = tenon_save (writer->plan, writer->path, &writer->options, report, progress, error);
    writer->plan->lent = true;
    writer->finished = status == TENON_OK;
    if (report && *report && kept->written > 0)
        tn_report_add (*report, TENON_NOTE, TENON_OK, 0, "", writer->path,
                       "%llu bytes of its tensors went through a temporary file, since they came one after "
                       "the other and take more than %llu bytes of memory",
                       (unsigned long long) kept->written, (unsigned long long) kept->most);
    return status;
}
