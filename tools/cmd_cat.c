/* SPDX-License-Identifier: MIT */
/* cmd_cat.c - tenon cat: the data of a tensor. */
#include "command.h"
#include "items.h"
#include "library.h"
#include "message.h"
#include "output.h"
#include "report.h"
#include "slice.h"
#include "terminal.h"
#include "tool.h"
#include <inttypes.h>

static struct {
    bool text, force;
    const char *slice, *as;
} cat;

static const struct tool_option cat_options[] = {
    { "slice", 's', OPTION_TEXT, "BOX",
      "only a part: START:STOP:STEP or an index for each dim, ',' between:\n0:2,:,-1", &cat.slice },
    { "as", 0, OPTION_TEXT, "DTYPE", "cast to this element type (tenon formats -v lists them)", &cat.as },
    { "text", 't', OPTION_FLAG, NULL, "numbers as text, a line for each row of the last dim", &cat.text },
    { "force", 'f', OPTION_FLAG, NULL, "write bytes to a terminal too", &cat.force },
    { 0 }
};

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

/* The dtype in which to request data that are to be printed; TENON_NONE: their own. Items that share bytes
 * are cast to f32, so that a slice can pick them one by one. */
static uint32_t
text_dtype (const tenon_context *context, const tenon_file *file, uint32_t dtype)
{
    struct tenon_dtype about = { .struct_size = sizeof about };
    bool alone = tenon_dtype_get (context, file, dtype, &about) == TENON_OK && about.block_items <= 1;
    if (alone && items_printable (dtype))
        return TENON_NONE;
    return tenon_dtype_castable (context, dtype, TENON_F32) ? TENON_F32 : TENON_NONE;
}

static bool
prepare_request (const tenon_context *context, const tenon_file *file, tenon_request *request,
                 struct slice *slice)
{
    tenon_tensor_info info = tensor_get (file, request->index);
    if (cat.as && (request->dtype = dtype_find (context, cat.as)) == TENON_NONE)
        return false;
    if (cat.slice) {
        if (!slice_parse (cat.slice, info.shape, info.rank, slice))
            return false;
        request->rank = slice->rank;
        request->start = slice->start, request->count = slice->count, request->step = slice->step;
    }
    if (cat.text && !cat.as)
        request->dtype = text_dtype (context, file, info.dtype);
    return true;
}

static tenon_status
stream_text (const tenon_context *context, tenon_file *file, const tenon_request *request, tenon_error *error)
{
    tenon_tensor_info info = tensor_get (file, request->index);
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    const tenon_file *owner = request->dtype ? NULL : file;
    tenon_status status =
        tenon_dtype_get (context, owner, request->dtype ? request->dtype : info.dtype, &dtype);
    if (status < 0)
        return status;
    uint64_t last = info.rank == 0  ? 1
                    : request->rank ? request->count[info.rank - 1]
                                    : info.shape[info.rank - 1];
    struct items items;
    uint32_t digits = cat.as ? request->dtype : info.dtype;
    items_start (&items, request->dtype ? request->dtype : info.dtype, &dtype, last, digits);
    status = tenon_stream (file, request, write_items, &items, NULL, error);
    items_end (&items);
    return status;
}

static int
run_cat (int count, char **arguments)
{
    if (!cat.text && !cat.force && terminal_is_output ())
        return misuse ("bytes would confuse the terminal: add --text, or send them to a file, or --force");
    CLEAN (context) tenon_context *context = context_new ();
    if (!context)
        return EXIT_TROUBLE;
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (file_open (context, arguments[0], tool.format, &file, &error) < 0)
        return report_failure (&error);
    report_notes (tenon_file_report (file));

    tenon_request request = { .struct_size = sizeof request };
    struct slice slice;
    if (!choose_tensor (file, arguments[0], count > 1 ? arguments[1] : NULL, &request.index)
        || !prepare_request (context, file, &request, &slice))
        return EXIT_TROUBLE;
    tenon_status status = cat.text ? stream_text (context, file, &request, &error)
                                   : tenon_stream (file, &request, write_bytes, NULL, NULL, &error);
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
    .run = run_cat,
};
