/* SPDX-License-Identifier: MIT */
/* cmd_cat.c - tenon cat: the data of a tensor. */
#include "command.h"
#include "files.h"
#include "item_text.h"
#include "items.h"
#include "json.h"
#include "library.h"
#include "message.h"
#include "nearest.h"
#include "output.h"
#include "pick.h"
#include "report.h"
#include "slice.h"
#include "terminal.h"
#include "tool.h"
#include <inttypes.h>

static struct {
    bool text, force;
    const char *slice, *as, *field;
} cat;

static const struct tool_option cat_options[] = {
    { "slice", 's', OPTION_TEXT, "BOX",
      "only a part: START:STOP:STEP or an index for each dim, ',' between:\n0:2,:,-1", &cat.slice },
    { "as", 0, OPTION_TEXT, "DTYPE", "cast to this element type (tenon formats -v lists them)", &cat.as },
    { "field", 0, OPTION_TEXT, "NAME", "only this field of records; a.b is the field b of the records a",
      &cat.field },
    { "text", 't', OPTION_FLAG, NULL,
      "as people read it: numbers, strings, dates, a line for each row of the\nlast dim, or for each record",
      &cat.text },
    { "force", 'f', OPTION_FLAG, NULL, "write bytes to a terminal too", &cat.force },
    { 0 }
};

/* A tensor, the part of it that is wanted, and how. */
struct wanted {
    const tenon_context *context;
    tenon_file *file;
    const char *path;
    tenon_tensor_info info;
    tenon_request request;
    struct slice slice;
    uint32_t digits;          /* as in struct items */
    struct tenon_dtype dtype; /* of the data that the library hands out */
    struct fields fields;     /* its type in words of NumPy; without items: it has none */
    size_t field;             /* the one that --field names */
    struct pick pick;         /* for it */
};

static void
wanted_clean (struct wanted **wanted)
{
    fields_clean (&(*wanted)->fields);
    pick_clean (&(*wanted)->pick);
}

static int
write_bytes (void *user, const void *data, uint64_t size)
{
    (void) user;
    return output_write (data, size) ? 0 : 1;
}

static int
write_items (void *user, const void *data, uint64_t size)
{
    items_print (user, data, size);
    return output_broken ();
}

/* The index of the tensor `name`, or with NULL of the only one. False after a message. */
static bool
choose_tensor (const tenon_file *file, const char *path, const char *name, uint64_t *index)
{
    if (name)
        return tensor_find (file, path, name, index);
    *index = 0;
    if (tenon_count (file) == 1)
        return true;
    complain ("%s: has %" PRIu64 " tensors, name one of them (tenon ls FILE lists them)", path,
              tenon_count (file));
    return false;
}

/* ---- what is wanted ------------------------------------------------------------------------------ */

/* The dtype in which to request data that are to be printed; TENON_NONE: their own. Items that share bytes
 * are cast to f32, so that a slice can pick them one by one. */
static uint32_t
text_dtype (const tenon_context *context, const tenon_file *file, uint32_t dtype)
{
    struct tenon_dtype about = { .struct_size = sizeof about };
    bool alone = tenon_dtype_get (context, file, dtype, &about) == TENON_OK && about.block_items <= 1;
    if (alone && item_is_number (dtype))
        return TENON_NONE;
    return tenon_dtype_castable (context, dtype, TENON_F32) ? TENON_F32 : TENON_NONE;
}

static void
complain_of_field (const struct wanted *wanted, size_t record, const char *rest)
{
    const struct fields *fields = &wanted->fields;
    struct nearest nearest = nearest_start (rest);
    for (size_t i = record + 1; i < fields->items[record].end; i = fields->items[i].end)
        if (fields->items[i].kind != FIELD_PADDING)
            nearest_try (&nearest, fields->items[i].name);
    complain ("%s: tensor '%s' has no field '%s'%s", wanted->path, wanted->info.name, cat.field,
              nearest_hint (&nearest));
}

/* A date or span of a field is its number, as that of a tensor is; nothing else is cast. False after a
 * message. */
static bool
cast_field (struct wanted *wanted)
{
    struct field *field = &wanted->fields.items[wanted->field];
    uint32_t dtype = cat.as ? dtype_find (wanted->context, cat.as) : TENON_NONE;
    if (!cat.as)
        return true;
    if (dtype == TENON_I64 && (field->kind == FIELD_DATE || field->kind == FIELD_SPAN))
        field->kind = FIELD_NUMBER, field->dtype = dtype;
    if (field->kind == FIELD_NUMBER && field->dtype == dtype)
        return true;
    if (dtype != TENON_NONE)
        complain ("--as casts tensors, and of the fields of their records dates to i64");
    return false;
}

/* Finds the field, and prepares to pick it. False after a message. */
static bool
choose_field (struct wanted *wanted)
{
    const struct fields *fields = &wanted->fields;
    const char *rest;
    size_t record = 0;
    if (fields->count == 0 || fields->items[0].kind != FIELD_RECORD) {
        complain ("%s: the items of tensor '%s' are no records: they are %s", wanted->path, wanted->info.name,
                  wanted->info.dtype_name);
        return false;
    }
    wanted->field = fields_find (fields, cat.field, &record, &rest);
    if (wanted->field == 0)
        complain_of_field (wanted, record, rest);
    return wanted->field != 0 && cast_field (wanted);
}

/* The dtype of the data, and in words of NumPy, if it has some. False after a message. */
static bool
look_at_dtype (struct wanted *wanted)
{
    uint32_t id = wanted->request.dtype;
    struct tenon_dtype *dtype = &wanted->dtype;
    *dtype = (struct tenon_dtype){ .struct_size = sizeof *dtype };
    tenon_status status =
        tenon_dtype_get (wanted->context, id ? NULL : wanted->file, id ? id : wanted->info.dtype, dtype);
    if (status == TENON_OK && dtype->kind == TENON_KIND_OPAQUE && strcmp (dtype->family, "numpy") == 0)
        fields_parse (dtype->text, dtype->block_bytes, &wanted->fields);
    return !cat.field || choose_field (wanted);
}

/* False after a message. */
static bool
prepare_request (struct wanted *wanted)
{
    tenon_request *request = &wanted->request;
    struct slice *slice = &wanted->slice;
    const tenon_tensor_info *info = &wanted->info;
    if (cat.as && !cat.field && (request->dtype = dtype_find (wanted->context, cat.as)) == TENON_NONE)
        return false;
    wanted->digits = cat.as ? request->dtype : info->dtype;
    if (cat.slice) {
        if (!slice_parse (cat.slice, info->shape, info->rank, slice))
            return false;
        request->rank = slice->rank;
        request->start = slice->start, request->count = slice->count, request->step = slice->step;
    }
    if (cat.text && !cat.as && !cat.field)
        request->dtype = text_dtype (wanted->context, wanted->file, info->dtype);
    return look_at_dtype (wanted);
}

/* ---- output -------------------------------------------------------------------------------------- */

static tenon_status
stream_data (struct wanted *wanted, pick_sink *sink, void *user, tenon_error *error)
{
    if (wanted->field == 0)
        return tenon_stream (wanted->file, &wanted->request, sink, user, NULL, error);
    wanted->pick.sink = sink, wanted->pick.user = user;
    tenon_status status =
        tenon_stream (wanted->file, &wanted->request, pick_data, &wanted->pick, NULL, error);
    if (status == TENON_OK)
        pick_end (&wanted->pick);
    return status;
}

/* Items of a picked field: as those of a tensor that has its type. */
static void
start_items (struct items *items, const struct wanted *wanted)
{
    const tenon_tensor_info *info = &wanted->info;
    struct tenon_dtype dtype = wanted->dtype;
    uint32_t id = wanted->request.dtype ? wanted->request.dtype : info->dtype;
    const struct field *field = wanted->fields.count > 0 ? &wanted->fields.items[wanted->field] : NULL;
    bool number = field && field->kind == FIELD_NUMBER;
    if (number)
        id = field->dtype;
    if (field)
        dtype = (struct tenon_dtype){ .block_items = 1, .block_bytes = field->bytes };
    items_start (items, id, &dtype);
    if (field && !number)
        items->fields = &wanted->fields, items->field = wanted->field;
    items->digits = field ? id : wanted->digits;
    items->json = tool.json;
    items_shape (items, &dtype, wanted->request.rank ? wanted->request.count : info->shape, info->rank,
                 wanted->pick.dims, wanted->pick.rank);
}

static tenon_status
write_text (struct wanted *wanted, tenon_error *error)
{
    struct items items;
    start_items (&items, wanted);
    tenon_status status = stream_data (wanted, write_items, &items, error);
    items_end (&items);
    return status;
}

static tenon_status
write_json (struct wanted *wanted, tenon_error *error)
{
    struct items items;
    start_items (&items, wanted);
    fputs ("{\"file\":", stdout);
    json_print (json_text (wanted->path, strlen (wanted->path)));
    fputs (",\"name\":", stdout);
    json_print (json_text (wanted->info.name, wanted->info.name_length));
    fputs (",\"dtype\":", stdout);
    const char *dtype = wanted->request.dtype && cat.as ? wanted->dtype.name : wanted->info.dtype_name;
    json_print (json_text (dtype, strlen (dtype)));
    if (cat.field) {
        fputs (",\"field\":", stdout);
        json_print (json_text (cat.field, strlen (cat.field)));
    }
    fputs (",\"shape\":", stdout);
    json_print (json_shape (items.shape, items.rank));
    fputs (",\n\"data\":", stdout);
    tenon_status status = stream_data (wanted, write_items, &items, error);
    items_end (&items);
    if (status < 0 && !output_broken ()) {
        fputs (",\n\"error\":", stdout);
        json_print (json_failure (error));
    }
    fputs ("}\n", stdout);
    return status;
}

static tenon_status
write_wanted (struct wanted *wanted, tenon_error *error)
{
    if (wanted->field > 0)
        pick_start (&wanted->pick, &wanted->fields, wanted->field);
    if (tool.json)
        return write_json (wanted, error);
    return cat.text ? write_text (wanted, error) : stream_data (wanted, write_bytes, NULL, error);
}

static int
cat_failure (const char *path, const tenon_error *error)
{
    int code = files_failure (path, error);
    fputs (tool.json ? "\n" : "", stdout);
    return code;
}

static int
run_cat (int count, char **arguments)
{
    cat.text |= tool.json;
    if (!cat.text && !cat.force && terminal_is_output ())
        return misuse ("bytes would confuse the terminal: add --text, or send them to a file, or --force");
    CLEAN (context) tenon_context *context = context_new ();
    if (!context)
        return EXIT_TROUBLE;
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (file_open (context, arguments[0], tool.format, &file, &error) < 0)
        return cat_failure (arguments[0], &error);
    report_notes (tenon_file_report (file));

    static struct wanted space; /* large */
    CLEAN (wanted) struct wanted *wanted = &space;
    wanted->context = context, wanted->file = file, wanted->path = arguments[0];
    wanted->request.struct_size = sizeof wanted->request;
    if (!choose_tensor (file, arguments[0], count > 1 ? arguments[1] : NULL, &wanted->request.index))
        return EXIT_TROUBLE;
    wanted->info = tensor_get (file, wanted->request.index);
    uint64_t size;
    if (wanted->info.unreadable < 0 && tenon_request_size (file, &wanted->request, &size, &error) < 0)
        return cat_failure (arguments[0], &error);
    if (!prepare_request (wanted))
        return EXIT_TROUBLE;
    tenon_status status = write_wanted (wanted, &error);
    if (status < 0 && !output_broken ()) /* a failed write is reported by output_close */
        return report_failure (&error);
    return EXIT_DONE;
}

const struct command cat_command = {
    .name = "cat",
    .arguments = "FILE [NAME]",
    .summary = "writes the data of a tensor: its bytes, or --text",
    .details =
        "NAME may be left out when there is only one tensor. The bytes come in C order and little-endian,\n"
        "however they lie in the file.",
    .options = cat_options,
    .least = 1,
    .most = 2,
    .json = true,
    .run = run_cat,
};
