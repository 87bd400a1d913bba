/* SPDX-License-Identifier: MIT */
/* cmd_convert.c - tenon convert: writes the tensors and metadata of a file to another, in any format. */
#include "casts.h"
#include "command.h"
#include "edits.h"
#include "globs.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "progress.h"
#include "renames.h"
#include "report.h"
#include "signals.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    bool strict, dry_run, new_only, append, force, carry, saturate, skip;
    const char *from, *lock;
    struct text_list as, only, except, rename;
    struct edits edits;
    json_object *left; /* notes on the tensors that --as left as they were */
} convert;

static const struct tool_option convert_options[] = {
    { "format", 0, OPTION_TEXT, "ID", "write this format; without it the extension of DST decides",
      &tool.format },
    { "from", 0, OPTION_TEXT, "ID", "SRC is in this format, whatever it looks like", &convert.from },
    { "only", 0, OPTION_LIST, "GLOB", "only tensors whose name matches; may be repeated", &convert.only },
    { "except", 0, OPTION_LIST, "GLOB", "leave out tensors whose name matches; may be repeated",
      &convert.except },
    { "rename", 0, OPTION_LIST, "OLD=NEW", "give a tensor another name; may be repeated", &convert.rename },
    { "as", 0, OPTION_LIST, "[PATTERN:]DTYPE",
      "cast the tensors whose name or element type matches, or all of floating-point\nand quantised types, "
      "to "
      "this element type (tenon formats -v lists them);\nmay be repeated, the last one that fits a tensor "
      "counts",
      &convert.as },
    { "carry", 0, OPTION_FLAG, NULL,
      "store what the format cannot hold as bytes, with a record of what it was", &convert.carry },
    { "saturate", 0, OPTION_FLAG, NULL,
      "casts to f8 give what is too large the largest value, not infinity or NaN", &convert.saturate },
    { "skip-unreadable", 0, OPTION_FLAG, NULL, "leave out tensors that cannot be read; each is a loss",
      &convert.skip },
    { "set", 0, OPTION_PAIRS, "KEY=VALUE",
      "give a metadata key a value, with =@FILE what the file holds (@- is standard\ninput, @@ an '@'), or "
      "with KEY[3]= an item of its array; may be repeated",
      &convert.edits.set },
    { "set-type", 0, OPTION_LIST, "KEY=TYPE",
      "the type of the value that --set gives: u32, f32, string, array:u32, json ...;\nwithout it the key "
      "keeps "
      "its type, a new one is a string",
      &convert.edits.types },
    { "unset", 0, OPTION_LIST, "GLOB", "leave out metadata whose key matches; may be repeated; before --set",
      &convert.edits.unset },
    { "strict", 0, OPTION_FLAG, NULL, "fail when anything would be lost", &convert.strict },
    { "dry-run", 'n', OPTION_FLAG, NULL, "find out what would be written and lost, but write nothing",
      &convert.dry_run },
    { "append", 0, OPTION_FLAG, NULL, "add to DST; what has the same name is replaced", &convert.append },
    { "new", 0, OPTION_FLAG, NULL, "refuse to replace a file", &convert.new_only },
    { "lock", 0, OPTION_CHOICE, "wait|fail|no",
      "while another save holds DST: wait, fail, or no (do not look); without it\n[save] lock decides",
      &convert.lock },
    { "force", 'f', OPTION_FLAG, NULL, "write to a terminal too", &convert.force },
    { 0 }
};

struct totals {
    uint64_t tensors, nbytes;
    uint64_t unreadable; /* not counted in the others */
};

/* ---- the plan ------------------------------------------------------------------------------------ */

/* Notes that no rule of --as fits a tensor. */
static void
note_left (const tenon_tensor_info *info, const char *why)
{
    bool told = tool.verbose || json_object_array_length (convert.left) < MOST_NOTES;
    if (told && !tool.quiet && !tool.json)
        complain ("note: %s: %s", info->name, why);
    json_object *note = json_new ();
    json_add_text (note, "subject", info->name);
    json_add_text (note, "file", "");
    json_add_text (note, "message", why);
    json_append (convert.left, note);
}

static void
count_left (void)
{
    size_t count = json_object_array_length (convert.left);
    if (count > MOST_NOTES && !tool.verbose && !tool.quiet && !tool.json)
        complain ("note: %zu more %s as %s (-v tells all)", count - MOST_NOTES,
                  plural (count - MOST_NOTES, "tensor stays", "tensors stay"),
                  plural (count - MOST_NOTES, "it is", "they are"));
}

/* Finds the dtype that --as gives a tensor; false after a message. */
static bool
choose_dtype (const tenon_context *context, tenon_file *file, uint64_t index, struct casts *casts,
              struct cast_choice *choice)
{
    tenon_tensor_info info = tensor_get (file, index);
    casts_choose (context, casts, file, index, choice);
    if (info.unreadable < 0) { /* a rule that matches it has a use all the same */
        *choice = (struct cast_choice){ 0 };
        return true;
    }
    if (choice->refused)
        complain ("tensor '%s': %s", info.name, choice->why);
    else if (choice->cast && tool.verbose && !tool.json && choice->cast->dtype != info.dtype)
        complain ("note: %s: %s to %s, by --as '%s'", info.name, info.dtype_name, choice->cast->dtype_name,
                  choice->cast->text);
    else if (!choice->cast && *choice->why)
        note_left (&info, choice->why);
    return !choice->refused;
}

/* Bytes of the numbers of packed weights. */
static uint64_t
packed_size (const tenon_context *context, tenon_file *file, uint64_t index, uint32_t dtype)
{
    tenon_packed_info packed = { .struct_size = sizeof packed };
    struct tenon_dtype type = { .struct_size = sizeof type };
    tenon_tensor_info info = tensor_get (file, index);
    if (tenon_packed_get (file, index, &packed) < 0 || tenon_dtype_get (context, NULL, dtype, &type) < 0)
        return 0;
    return info.elements / info.shape[info.rank - 1] * packed.columns / type.block_items * type.block_bytes;
}

static bool
add_tensor (const tenon_context *context, tenon_plan *plan, tenon_file *file, uint64_t index,
            const char *name, struct casts *casts, struct totals *totals)
{
    tenon_error error = TENON_ERROR_INIT;
    struct cast_choice choice;
    bool readable = tensor_get (file, index).unreadable == TENON_OK;
    if (!choose_dtype (context, file, index, casts, &choice))
        return false;
    uint32_t dtype = choice.cast ? choice.cast->dtype : TENON_NONE;
    if (!readable && tenon_plan_add_from (plan, file, index, name, TENON_NONE, &error) == TENON_OK) {
        totals->unreadable++; /* saving refuses it, or leaves it out */
        return true;
    }
    if (readable && tenon_plan_add_from (plan, file, index, name, dtype, &error) == TENON_OK) {
        tenon_request request = { .struct_size = sizeof request, .dtype = dtype, .index = index };
        uint64_t size =
            choice.packed ? packed_size (context, file, index, dtype) : tensor_get (file, index).nbytes;
        if (!choice.packed)
            tenon_request_size (file, &request, &size, NULL);
        totals->tensors++;
        totals->nbytes += size;
        return true;
    }
    report_failure (&error);
    return false;
}

/* True if the tensor holds scales or biases of packed weights that become numbers, which then need none. */
static bool
is_used_up (const tenon_context *context, tenon_file *file, uint64_t index, struct casts *casts,
            struct globs *only, struct globs *except)
{
    tenon_packed_info packed = { .struct_size = sizeof packed };
    struct cast_choice choice;
    if (casts->count == 0 || tenon_packed_get (file, index, &packed) < 0 || packed.weight == index
        || tensor_get (file, packed.weight).unreadable < 0)
        return false;
    const char *weight = tensor_get (file, packed.weight).name;
    bool wanted = only->patterns->count == 0 || globs_match (only, weight);
    if (!wanted || globs_match (except, weight))
        return false;
    casts_choose (context, casts, file, packed.weight, &choice);
    return choice.packed;
}

static __attribute__ ((noinline)) bool
add_chosen (const tenon_context *context, tenon_plan *plan, tenon_file *file, struct renames *renames,
            struct casts *casts, struct totals *totals)
{
    CLEAN (globs) struct globs only = globs_start (&convert.only);
    CLEAN (globs) struct globs except = globs_start (&convert.except);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        const char *name = tensor_get (file, i).name;
        bool wanted = convert.only.count == 0 || globs_match (&only, name);
        if (!wanted || globs_match (&except, name) || is_used_up (context, file, i, casts, &only, &except))
            continue;
        if (!add_tensor (context, plan, file, i, renames_find (renames, i), casts, totals))
            return false;
    }
    count_left ();
    if (!globs_all_matched (&only, "--only") || !casts_all_matched (casts))
        return false;
    if (!renames_all_used (renames, file))
        return false;
    if (totals->tensors + totals->unreadable == 0 && tenon_count (file) > 0) {
        complain ("no tensor is left: --except matches all of them");
        return false;
    }
    return true;
}

/* noinline: it has errors of its own, and one frame for all would be large */
static __attribute__ ((noinline)) bool
make_plan (tenon_context *context, const char *path, tenon_file *file, tenon_plan **plan,
           struct totals *totals)
{
    CLEAN (renames) struct renames renames = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (casts) struct casts casts = { 0 };
    if (!casts_parse (context, file, &convert.as, &casts))
        return false;
    if (!renames_parse (file, path, &convert.rename, &renames))
        return false;
    if (tenon_plan_new (context, plan, &error) < 0) {
        report_failure (&error);
        return false;
    }
    if (!add_chosen (context, *plan, file, &renames, &casts, totals))
        return false;
    bool all = convert.only.count == 0 && convert.except.count == 0;
    if ((all && tenon_plan_add_losses (*plan, file, &error) < 0)
        || tenon_plan_add_metadata_from (*plan, file, &error) < 0) {
        report_failure (&error);
        return false;
    }
    convert.edits.input_taken = strcmp (path, "-") == 0;
    return edits_apply (&convert.edits, context, file, *plan, convert.left);
}

/* ---- saving -------------------------------------------------------------------------------------- */

/* True if the target is a file or folder that appears at the end. Then a signal lets the library remove what
 * it made beside it. Pipes, FIFOs and devices have none, and a write to them may wait for ever for a reader.
 */
static bool
is_made_beside (const char *target)
{
    struct stat about;
    return strcmp (target, "-") != 0
           && (stat (target, &about) != 0 || S_ISREG (about.st_mode) || S_ISDIR (about.st_mode));
}

static const char *const lock_words[] = {
    [TENON_LOCK_WAIT] = "wait", [TENON_LOCK_FAIL] = "fail", [TENON_LOCK_NO] = "no"
};

/* The number of the word that --lock gives. 0: none was given. */
static uint32_t
lock_choice (void)
{
    for (uint32_t i = TENON_LOCK_WAIT; convert.lock && i <= TENON_LOCK_NO; i++)
        if (strcmp (convert.lock, lock_words[i]) == 0)
            return i;
    return TENON_LOCK_CONFIGURED;
}

static bool
is_same_file (const char *source, const char *target)
{
    struct stat from, to;
    return is_made_beside (target) && stat (source, &from) == 0 && stat (target, &to) == 0
           && from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

/* A file that is converted into itself is locked before it is opened, so that no save between can be lost. It
 * is opened by itself: the first shard of a set is to be rewritten, not to take all of the set. */
static tenon_status
lock_target (tenon_context *context, const char *source, const char *target, tenon_lock **lock,
             tenon_error *error)
{
    tool.alone = is_same_file (source, target);
    if (convert.dry_run || lock_choice () == TENON_LOCK_NO || !tool.alone)
        return TENON_OK;
    struct bar bar;
    signals_defer ();
    tenon_status status =
        tenon_lock_take (context, target, lock_choice (), bar_start (&bar, target), lock, error);
    bar_end (&bar);
    return status;
}

static __attribute__ ((noinline)) tenon_status
save_plan (tenon_plan *plan, const char *target, tenon_lock *lock, tenon_report **report, tenon_error *error)
{
    tenon_save_options options = {
        .struct_size = sizeof options,
        .flags = TENON_SAVE_EXACT_NAME | (convert.strict ? TENON_SAVE_STRICT : 0)
                 | (convert.new_only ? TENON_SAVE_NEW : 0) | (convert.append ? TENON_SAVE_APPEND : 0)
                 | (convert.carry ? TENON_SAVE_CARRY : 0) | (convert.skip ? TENON_SAVE_SKIP_UNREADABLE : 0)
                 | (convert.saturate ? TENON_SAVE_SATURATE : 0) | (convert.dry_run ? TENON_SAVE_DRY_RUN : 0),
        .format = tool.format,
        .lock = lock_choice (),
        .held = lock,
    };
    struct bar bar;
    if (is_made_beside (target))
        signals_defer ();
    const tenon_progress *progress = bar_start (&bar, target);
    tenon_status status = strcmp (target, "-") == 0
                              ? tenon_save_fd (plan, STDOUT_FILENO, &options, report, progress, error)
                              : tenon_save (plan, target, &options, report, progress, error);
    bar_end (&bar);
    return status;
}

/* The paths of a set's files, in the order of the report. NULL: the target is the only file. */
static json_object *
files_of (const tenon_report *report)
{
    json_object *array = NULL;
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_WRITTEN, &i, &entry);) {
        array = array ? array : json_array ();
        json_append (array, json_object_new_string (entry.file));
    }
    return array;
}

static void
print_result_json (const char *source, const char *target, const struct totals *totals,
                   const tenon_report *noted, const tenon_report *report, const tenon_error *error)
{
    json_object *object = json_new (), *notes = json_notes (noted, TENON_NOTE);
    json_add_text (object, "source", source);
    json_add_text (object, "target", target);
    json_object *files = files_of (report);
    if (files)
        json_add (object, "files", files);
    json_add_flag (object, "dry_run", convert.dry_run);
    json_add_size (object, "tensors", totals->tensors);
    json_add_size (object, "nbytes", totals->nbytes);
    json_object *losses = json_notes (report, TENON_LOSS);
    json_add (object, "losses", losses ? losses : json_array ());
    notes = notes ? notes : json_array ();
    json_append_all (notes, json_notes (report, TENON_NOTE));
    for (size_t i = 0; i < json_object_array_length (convert.left); i++)
        json_append (notes, json_object_get (json_object_array_get_idx (convert.left, i)));
    json_add (object, "notes", notes);
    if (error->status < 0)
        json_add (object, "error", json_failure (error));
    json_print_line (object);
}

static bool
check_target (const char *target)
{
    if (strcmp (target, "-") != 0)
        return true;
    if (convert.append)
        misuse ("--append needs a file, which standard output is not");
    else if (!tool.format)
        misuse ("writing to standard output needs --format");
    else if (tool.json)
        misuse ("standard output cannot take both the file and --json");
    else if (terminal_is_output () && !convert.force && !convert.dry_run)
        misuse ("bytes would confuse the terminal: send them to a file or a program, or --force");
    else
        return true;
    return false;
}

/* The name of the target, or the names of a set's first and last file in alphabetical order: the index is
 * written last, but its name may come first. */
static char *
done_name (const char *target, const tenon_report *report)
{
    tenon_report_entry entry, first, last;
    unsigned count = 0;
    for (uint64_t i = 0; report_next (report, TENON_WRITTEN, &i, &entry); count++) {
        if (count == 0 || strcmp (entry.file, first.file) < 0)
            first = entry;
        if (count == 0 || strcmp (entry.file, last.file) > 0)
            last = entry;
    }
    if (count < 2)
        return shown (target, strlen (target));
    const char *slash = strrchr (last.file, '/'), *bare = slash ? slash + 1 : last.file;
    size_t size = strlen (first.file) + strlen (bare) + 40;
    char *text = get_memory (NULL, size, 1); /* these names are escaped already */
    snprintf (text, size, "%s to %s (%u files)", first.file, bare, count);
    return text;
}

static void
print_done (const char *target, const struct totals *totals, const tenon_report *report)
{
    if ((!convert.dry_run && !tool.verbose) || tool.quiet || strcmp (target, "-") == 0)
        return;
    CLEAN (text) char *name = done_name (target, report);
    const char *done = convert.append ? "added to" : "wrote",
               *would = convert.append ? "would add to" : "would write";
    printf ("%s %s: %" PRIu64 " %s, %" PRIu64 " %s\n", convert.dry_run ? would : done, name, totals->tensors,
            plural (totals->tensors, "tensor", "tensors"), totals->nbytes,
            plural (totals->nbytes, "byte", "bytes"));
}

/* True if standard output is a pipe whose reader is gone, which is no failure to report: no filter does. */
static bool
reader_is_gone (const char *target)
{
    struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };
    return strcmp (target, "-") == 0 && poll (&output, 1, 0) == 1 && output.revents & POLLERR;
}

static int
convert_file (tenon_context *context, const char *source, const char *target)
{
    CLEAN (lock) tenon_lock *lock = NULL;
    CLEAN (file) tenon_file *file = NULL;
    CLEAN (plan) tenon_plan *plan = NULL;
    CLEAN (report) tenon_report *report = NULL;
    tenon_error error = TENON_ERROR_INIT;
    struct totals totals = { 0 };
    bool opened = lock_target (context, source, target, &lock, &error) == TENON_OK
                  && file_open (context, source, convert.from, &file, &error) == TENON_OK;
    if (!opened)
        report_failure (&error);
    if (!opened || !make_plan (context, source, file, &plan, &totals)) {
        if (tool.json)
            print_result_json (source, target, &(struct totals){ 0 }, file ? tenon_file_report (file) : NULL,
                               NULL, last_complaint ());
        return EXIT_TROUBLE;
    }
    tenon_status status = save_plan (plan, target, lock, &report, &error);
    if (tool.json) {
        print_result_json (source, target, &totals, tenon_file_report (file), report, &error);
    } else {
        report_notes (tenon_file_report (file));
        report_notes (report);
        if (totals.unreadable > 1) /* the failure names one of them */
            report_refused (report);
    }
    if (status < 0 && reader_is_gone (target))
        signals_end_by_pipe ();
    if (status < 0)
        return status == TENON_E_CANCELLED && signals_pending () ? EXIT_TROUBLE : report_failure (&error);
    if (!tool.json)
        print_done (target, &totals, report);
    return EXIT_DONE;
}

static int
run_convert (int count, char **arguments)
{
    (void) count;
    if (!check_target (arguments[1]))
        return EXIT_TROUBLE;
    int code;
    convert.left = json_array ();
    {
        CLEAN (context) tenon_context *context = context_new ();
        code = context ? convert_file (context, arguments[0], arguments[1]) : EXIT_TROUBLE;
    }
    json_object_put (convert.left);
    list_free (&convert.as);
    list_free (&convert.only);
    list_free (&convert.except);
    list_free (&convert.rename);
    edits_free (&convert.edits);
    signals_deliver ();
    return code;
}

const struct command convert_command = {
    .name = "convert",
    .arguments = "SRC DST",
    .summary = "writes the tensors and metadata of a file to another, in any format",
    .details = "DST '-' is standard output, and needs --format. What the new format cannot hold is reported "
               "as a loss,\n"
               "or with --strict as an error.",
    .options = convert_options,
    .least = 2,
    .most = 2,
    .json = true,
    .run = run_convert,
};
