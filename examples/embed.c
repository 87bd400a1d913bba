/* SPDX-License-Identifier: MIT */
/* embed.c - an application that embeds tenon: `embed IN OUT` shows IN, reads a slice of it, converts it to
 * OUT, saves an array of its own beside OUT, and into memory.
 *
 *     cc embed.c -o embed `pkg-config --cflags --libs tenon`
 *
 * It compiles as C11 and as C++17. Every call that can fail returns a status and fills `error`; the program
 * needs nothing else to tell the user what went wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

static void
list_tensors (const tenon_file *file)
{
    /* All structs of the library begin with their size, so that programs and libraries of different versions
     * work together. TENON_INIT sets the size, and the rest to zero. */
    tenon_file_info info = TENON_INIT (info);
    tenon_tensor_info tensor = TENON_INIT (tensor);
    tenon_file_get (file, &info);
    printf ("%s: %s, %" PRIu64 " %s, %" PRIu64 " bytes of data\n", info.path, info.format, info.tensors,
            info.tensors == 1 ? "tensor" : "tensors", info.nbytes);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_get (file, i, &tensor);
        printf ("  %s: %s [", tensor.name, tensor.dtype_name);
        for (uint32_t k = 0; k < tensor.rank; k++)
            printf ("%s%" PRIu64, k ? ", " : "", tensor.shape[k]);
        if (tensor.unreadable < 0)
            printf ("], unreadable: %s\n", tensor.why);
        else
            printf ("], %" PRIu64 " bytes at %" PRIu64 "\n", tensor.nbytes, tensor.offset);
    }
}

/* Maps the bytes of the file, without a copy, if that is possible. */
static void
map_first (tenon_file *file)
{
    const void *data;
    uint64_t size;
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_map (file, 0, &data, &size, &error) == TENON_OK) {
        printf ("mapped %" PRIu64 " bytes, they begin", size);
        for (uint64_t i = 0; i < size && i < 4; i++)
            printf (" %02x", ((const unsigned char *) data)[i]);
        printf ("\n");
    } else if (error.status == TENON_E_NOT_MAPPABLE)
        printf ("not mapped: %s\n", error.message);
    else
        fprintf (stderr, "%s\n", error.message);
}

/* Reads the first item of every row as doubles, whatever the dtype and order in the file. */
static tenon_status
read_slice (const tenon_context *context, tenon_file *file, tenon_error *error)
{
    tenon_tensor_info tensor = TENON_INIT (tensor);
    tenon_request request = TENON_INIT (request);
    uint64_t count[64], size;
    tenon_get (file, 0, &tensor);
    if (tensor.unreadable < 0)
        return TENON_OK;
    if (!tenon_dtype_castable (context, tensor.dtype, TENON_F64)) {
        printf ("%s is not made of numbers\n", tensor.name);
        return TENON_OK;
    }
    for (uint32_t k = 0; k < tensor.rank; k++)
        count[k] = k == 0 ? tensor.shape[0] : tensor.shape[k] > 0;
    request.dtype = TENON_F64;
    request.rank = tensor.rank;
    request.count = count; /* start and step stay NULL: from 0, step 1 */
    tenon_status status = tenon_request_size (file, &request, &size, error);
    if (status < 0)
        return status;
    double *numbers = (double *) malloc ((size_t) size + 1);
    request.data = numbers;
    request.size = size;
    status = numbers ? tenon_read (file, &request, 1, NULL, error) : TENON_E_MEMORY;
    if (status == TENON_OK) {
        printf ("%" PRIu64 " numbers of %s, the first of each row:", size / 8, tensor.name);
        for (uint64_t i = 0; i < size / 8 && i < 8; i++)
            printf (" %g", numbers[i]);
        printf ("%s\n", size / 8 > 8 ? " ..." : "");
    }
    free (numbers);
    return status;
}

/* Called from time to time during the conversion; a result other than 0 would stop it. */
static int
show_progress (void *user, uint64_t done, uint64_t total)
{
    (void) user;
    fprintf (stderr, "\r%3" PRIu64 "%%", total > 0 ? done * 100 / total : 100);
    return 0;
}

static tenon_status
convert_file (tenon_context *context, const char *from, const char *to, tenon_error *error)
{
    tenon_progress progress = TENON_INIT (progress);
    tenon_report *report = NULL;
    tenon_report_entry entry = TENON_INIT (entry);
    progress.report = show_progress;
    tenon_status status = tenon_convert (context, from, to, NULL, NULL, &report, &progress, error);
    for (uint64_t i = 0; i < tenon_report_count (report); i++)
        if (tenon_report_get (report, i, &entry) == TENON_OK)
            printf ("%s: %s%s%s\n", entry.kind == TENON_LOSS ? "lost" : "note", entry.subject,
                    entry.subject[0] ? ": " : "", entry.message);
    tenon_report_free (report);
    if (status == TENON_OK)
        printf ("converted %s to %s\n", from, to);
    return status;
}

/* Saves into memory, in the same format, as for a network or a database. */
static tenon_status
save_in_memory (tenon_plan *plan, const char *format, tenon_error *error)
{
    tenon_save_options options = TENON_INIT (options);
    tenon_memory *memory;
    const void *data;
    uint64_t size;
    options.format = format;
    tenon_status status = tenon_save_memory (plan, &options, &memory, &data, &size, NULL, NULL, error);
    if (status == TENON_OK)
        printf ("and in memory, %" PRIu64 " bytes at %p\n", size, data);
    tenon_memory_free (memory);
    return status;
}

/* Saves an array of the program in the format of OUT, under OUT's name with "-own" before the extension. */
static tenon_status
save_own (tenon_context *context, const char *out, tenon_error *error)
{
    static const float numbers[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    static const uint64_t shape[2] = { 2, 3 };
    const char *dot = strrchr (out, '.'), *slash = strrchr (out, '/');
    int stem = (int) (dot && (!slash || dot > slash) ? (size_t) (dot - out) : strlen (out));
    char path[4096];
    tenon_array array = TENON_INIT (array);
    tenon_plan *plan = NULL;
    array.name = "own";
    array.dtype = TENON_F32;
    array.shape = shape;
    array.rank = 2;
    array.data = numbers;
    array.size = sizeof numbers;
    snprintf (path, sizeof path, "%.*s-own%s", stem, out, out + stem);
    tenon_status status = tenon_plan_new (context, &plan, error);
    if (status == TENON_OK)
        status = tenon_plan_add (plan, &array, error);
    if (status == TENON_OK)
        status = tenon_save (plan, path, NULL, NULL, NULL, error);
    if (status == TENON_OK)
        printf ("saved %s\n", path);
    if (status == TENON_OK && out[stem])
        status = save_in_memory (plan, out + stem + 1, error);
    tenon_plan_free (plan);
    return status;
}

int
main (int argc, char **argv)
{
    tenon_context *context = NULL;
    tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (argc != 3) {
        fprintf (stderr, "usage: embed IN OUT\n");
        return 2;
    }
    tenon_status status = tenon_context_new (&context, NULL, &error);
    if (status == TENON_OK)
        status = tenon_open (context, argv[1], NULL, &file, &error);
    if (status == TENON_OK) {
        list_tensors (file);
        if (tenon_count (file) > 0) {
            map_first (file);
            status = read_slice (context, file, &error);
        }
    }
    tenon_close (file); /* every function that frees accepts NULL */
    if (status == TENON_OK)
        status = convert_file (context, argv[1], argv[2], &error);
    if (status == TENON_OK)
        status = save_own (context, argv[2], &error);
    tenon_context_free (context);
    if (status < 0)
        fprintf (stderr, "embed: %s\n", error.message[0] ? error.message : tenon_status_text (status));
    return status < 0;
}
