/* SPDX-License-Identifier: MIT */
/* cmd_hash.c - tenon hash: a digest for each tensor, the same in every format. */
#include "command.h"
#include "digest.h"
#include "files.h"
#include "globs.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "output.h"
#include "report.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"
#include <inttypes.h>

static struct {
    const char *check;
    struct text_list only;
} hash;

static const struct tool_option hash_options[] = {
    { "check", 'c', OPTION_TEXT, "LIST",
      "compare with the digests in this file, which tenon hash has printed ('-': standard input)",
      &hash.check },
    { "only", 0, OPTION_LIST, "GLOB", "only tensors whose name matches; may be repeated", &hash.only },
    { 0 }
};

struct by_name {
    const char *name;
    uint64_t index;
};

static int
compare_names (const void *left, const void *right)
{
    return strcmp (((const struct by_name *) left)->name, ((const struct by_name *) right)->name);
}

/* The chosen tensors, sorted by name: the output must not depend on the order that a format gives them. */
static struct by_name *
sort_tensors (const tenon_file *file, struct globs *only, uint64_t *count)
{
    uint64_t all = tenon_count (file);
    struct by_name *names = get_memory (NULL, all, sizeof *names);
    *count = 0;
    for (uint64_t i = 0; i < all; i++) {
        const char *name = tensor_get (file, i).name;
        if (hash.only.count == 0 || globs_match (only, name))
            names[(*count)++] = (struct by_name){ name, i };
    }
    qsort (names, *count, sizeof *names, compare_names);
    return names;
}

static void
print_digest (const char *digest, const char *name)
{
    CLEAN (text) char *escaped = shown (name, strlen (name));
    printf ("%s  %s\n", digest, escaped);
}

static void
print_tensor_json (const tenon_tensor_info *info, const char *digest)
{
    json_object *object = json_new ();
    json_add (object, "name", json_text (info->name, info->name_length));
    json_add_text (object, "dtype", info->dtype_name);
    json_add (object, "shape", json_shape (info->shape, info->rank));
    json_add_text (object, "digest", digest);
    json_print (object);
}

/* Tells why a tensor has no digest. */
static __attribute__ ((noinline)) int
refuse_tensor (tenon_file *file, uint64_t index, const tenon_tensor_info *info, bool begun)
{
    tenon_request request = { .struct_size = sizeof request, .index = index };
    tenon_error error = TENON_ERROR_INIT;
    uint64_t size;
    tenon_request_size (file, &request, &size, &error);
    if (tool.json) {
        json_object *object = json_new ();
        json_add (object, "name", json_text (info->name, info->name_length));
        json_add (object, "error", json_failure (&error));
        fputs (begun ? ",\n" : "\n", stdout);
        json_print (object);
    }
    return report_failure (&error);
}

static int
hash_tensors (const tenon_context *context, tenon_file *file, const char *path, struct globs *only)
{
    uint64_t count;
    int code = EXIT_DONE;
    tenon_error error = TENON_ERROR_INIT;
    struct by_name *names = sort_tensors (file, only, &count);
    if (tool.json) {
        fputs ("{\"file\":", stdout);
        json_print (json_text (path, strlen (path)));
        fputs (",\"algorithm\":\"sha256\",\n\"tensors\":[", stdout);
    }
    for (uint64_t i = 0; i < count && !output_broken (); i++) {
        char digest[DIGEST_ROOM];
        tenon_tensor_info info = tensor_get (file, names[i].index);
        if (info.unreadable < 0) { /* the others have digests */
            code = refuse_tensor (file, names[i].index, &info, i > 0);
            continue;
        }
        if (digest_tensor (context, file, names[i].index, digest, &error) < 0) {
            code = report_failure (&error);
            break;
        }
        if (!tool.json) {
            print_digest (digest, info.name);
            continue;
        }
        fputs (i ? ",\n" : "\n", stdout);
        print_tensor_json (&info, digest);
    }
    if (tool.json) {
        putchar (']');
        if (error.status < 0) {
            fputs (",\n\"error\":", stdout);
            json_print (json_failure (&error));
        }
        putchar ('}');
    }
    free (names);
    return code;
}

/* ---- --check ------------------------------------------------------------------------------------- */

static void
print_result (const char *name, const char *word, bool good)
{
    if (good && tool.quiet)
        return;
    enum colour colour = good ? COLOUR_GOOD : COLOUR_BAD;
    CLEAN (text) char *escaped = shown (name, strlen (name));
    printf ("%s: %s%s%s\n", escaped, colour_on (colour), word, colour_off (colour));
}

static int
check_tensors (const tenon_context *context, tenon_file *file, struct digest_list *list, struct globs *only)
{
    uint64_t count, wrong = 0;
    int code = EXIT_DONE;
    tenon_error error = TENON_ERROR_INIT;
    struct by_name *names = sort_tensors (file, only, &count);
    for (uint64_t i = 0; i < count && code == EXIT_DONE && !output_broken (); i++) {
        char digest[DIGEST_ROOM];
        struct digest_line *line = digest_list_find (list, names[i].name);
        if (!line) {
            print_result (names[i].name, "not in the list", false);
            wrong++;
            continue;
        }
        line->found = true;
        if (tensor_get (file, names[i].index).unreadable < 0) {
            print_result (names[i].name, "unreadable", false);
            wrong++;
            continue;
        }
        if (digest_tensor (context, file, names[i].index, digest, &error) < 0) {
            code = report_failure (&error);
            break;
        }
        bool same = strcmp (digest, line->digest) == 0;
        print_result (names[i].name, same ? "ok" : "differs", same);
        wrong += !same;
    }
    free (names);
    for (size_t i = 0; i < list->count && code == EXIT_DONE; i++)
        if (!list->lines[i].found && (hash.only.count == 0 || globs_match (only, list->lines[i].name))) {
            print_result (list->lines[i].name, "missing", false);
            wrong++;
        }
    if (wrong > 0 && code == EXIT_DONE) {
        complain ("%" PRIu64 " %s not as the list says", wrong, plural (wrong, "tensor is", "tensors are"));
        return EXIT_NO;
    }
    return code;
}

/* ---- the command --------------------------------------------------------------------------------- */

/* State that all files share. */
struct hashed_files {
    struct digest_list list; /* of --check */
    struct globs only;
    bool heading;
};

static int
hash_file (tenon_context *context, const char *path, void *user)
{
    struct hashed_files *files = user;
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (file_open (context, path, tool.format, &file, &error) < 0)
        return files_failure (path, &error);
    report_notes (tenon_file_report (file));
    if (hash.check)
        return check_tensors (context, file, &files->list, &files->only);
    if (files->heading && !tool.json) {
        CLEAN (text) char *name = shown (path, strlen (path));
        printf ("# %s\n", name);
    }
    return hash_tensors (context, file, path, &files->only);
}

static void
hashed_files_clean (struct hashed_files *files)
{
    digest_list_clean (&files->list);
    globs_clean (&files->only);
}

static int
hash_files (tenon_context *context, int count, char **paths)
{
    CLEAN (hashed_files)
    struct hashed_files files = { .only = globs_start (&hash.only), .heading = count > 1 };
    if (hash.check && !digest_list_read (&files.list, hash.check))
        return EXIT_TROUBLE;
    int code = files_each (context, count, paths, false, hash_file, &files);
    return code == EXIT_DONE && !globs_all_matched (&files.only, "--only") ? EXIT_TROUBLE : code;
}

static int
run_hash (int count, char **paths)
{
    if (hash.check && count > 1)
        return misuse ("--check takes one file");
    if (hash.check && tool.json)
        return misuse ("--check has no --json");
    CLEAN (context) tenon_context *context = context_new ();
    int code = context ? hash_files (context, count, paths) : EXIT_TROUBLE;
    list_free (&hash.only);
    return code;
}

const struct command hash_command = {
    .name = "hash",
    .arguments = "FILE...",
    .summary = "prints a digest for each tensor, the same in every format",
    .details = "The digest is SHA-256 over the dtype's name, a NUL, the rank and the dims as 64-bit "
               "little-endian integers, and\n"
               "the data in C order, little-endian. The tensors come sorted by name.\n"
               "It exits with 1 when --check finds a difference.",
    .options = hash_options,
    .least = 1,
    .most = -1,
    .json = true,
    .run = run_hash,
};
