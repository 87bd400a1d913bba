/* SPDX-License-Identifier: MIT */
/* saving.c - oracles: a file in every format. A dry run and a save agree; one thread and four write the same
 * bytes; what was written reads as what was given; saved again it is the same file; and the way back to the
 * first format restores the first file. */
#include "fuzz.h"

/* How a file is saved. */
struct saving {
    tenon_codec_info codec;
    uint32_t flags; /* TENON_SAVE_* */
    char words[4][64];
    const char *settings[5]; /* point to `words` */
    bool changes;            /* an option that changes dtypes */
    bool moves;              /* one that changes the dicts and lists of pt, which its outline tells of */
};

/* ---- options ---- */

static bool
choose_value (const struct tenon_option *option, struct fuzz_recipe *recipe, char text[24])
{
    static const char *const numbers[] = { "0", "1", "6", "70" };
    uint8_t choice = fuzz_byte (recipe);
    const char *word = option->choices;
    if (option->type == TENON_OPTION_INTEGER || option->type == TENON_OPTION_SIZE)
        return snprintf (text, 24, "%s", numbers[choice % 4]) > 0;
    if (option->type != TENON_OPTION_CHOICE && option->type != TENON_OPTION_FILTER)
        return false;
    for (choice %= 4; choice > 0 && strchr (word, ' '); choice--)
        word = strchr (word, ' ') + 1;
    return snprintf (text, 24, "%.*s", (int) strcspn (word, " "), word) > 0;
}

static void
choose_saving (struct saving *saving, uint64_t number, struct fuzz_recipe *recipe)
{
    struct tenon_option option = { .struct_size = sizeof option };
    unsigned count = 0;
    char value[24];
    saving->flags = (fuzz_below (recipe, 2) ? 0 : TENON_SAVE_CARRY) | TENON_SAVE_SKIP_UNREADABLE;
    for (uint64_t i = 0; i < saving->codec.option_count && count < 4; i++) {
        if (tenon_codec_option (fuzz_context (FUZZ_ONE), number, i, &option, NULL) < 0
            || !(option.flags & TENON_OPTION_FOR_WRITING) || fuzz_below (recipe, 2)
            || !choose_value (&option, recipe, value))
            continue;
        snprintf (saving->words[count], sizeof saving->words[count], "%s.%s=%s", saving->codec.id,
                  option.name, value);
        saving->settings[count] = saving->words[count];
        saving->changes |= strcmp (option.name, "fp8") == 0 || strcmp (option.name, "mlx") == 0;
        saving->moves |= strcmp (saving->codec.id, "pt") == 0;
        count++;
    }
}

/* ---- one save ---- */

struct outcome {
    tenon_error error;
    uint64_t losses;
    struct fuzz_buffer told; /* the entries of the report, but for … */
    struct fuzz_buffer read; /* … those that only reading the data can give: a dry run does not */
};

static void
read_report (struct outcome *outcome, const tenon_report *report)
{
    tenon_report_entry entry = { .struct_size = sizeof entry };
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_get (report, i, &entry);
        outcome->losses += entry.kind == TENON_LOSS;
        fuzz_text (strstr (entry.message, "table of blocks is wrong") ? &outcome->read : &outcome->told,
                   "%u %d %s: %s\n", entry.kind, entry.status, entry.subject, entry.message);
    }
    fuzz_put (&outcome->told, "", 1);
    fuzz_put (&outcome->read, "", 1);
}

/* Saves all of a file to a store. */
static void
save_file (tenon_file *file, tenon_context *context, const struct saving *saving, uint32_t flags,
           unsigned store, struct outcome *outcome)
{
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = saving->flags | flags,
                                   .format = saving->codec.id,
                                   .settings = saving->settings };
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    memset (outcome, 0, sizeof *outcome);
    outcome->error = (tenon_error) TENON_ERROR_INIT;
    if (tenon_plan_new (context, &plan, &outcome->error) < 0
        || tenon_plan_add_file (plan, file, &outcome->error) < 0)
        fuzz_fail ("a plan of the file: %s", outcome->error.message);
    tenon_status status =
        tenon_save_fd (plan, fuzz_store (store, NULL, 0), &options, &report, NULL, &outcome->error);
    if (status != outcome->error.status)
        fuzz_fail ("save returns %d, the error says %d", status, outcome->error.status);
    read_report (outcome, report);
    tenon_report_free (report);
    tenon_plan_free (plan);
}

static void
same_text (const struct fuzz_buffer *left, const struct fuzz_buffer *right, const char *what)
{
    if (strcmp ((char *) left->data, (char *) right->data) != 0)
        fuzz_fail ("%s: other reports:\n%sand\n%s", what, (char *) left->data, (char *) right->data);
}

static void
free_outcome (struct outcome *outcome)
{
    fuzz_free (&outcome->told);
    fuzz_free (&outcome->read);
}

/* Of several wrong sums any thread may meet its own first. */
static void
same_outcome (const struct outcome *left, const struct outcome *right, const char *what)
{
    bool sums = left->error.status == TENON_E_CHECKSUM;
    if (left->error.status != right->error.status
        || (!sums && strcmp (left->error.message, right->error.message) != 0))
        fuzz_fail ("%s: %d '%s' and %d '%s'", what, left->error.status, left->error.message,
                   right->error.status, right->error.message);
    same_text (&left->told, &right->told, what);
}

static void
same_file (const struct fuzz_buffer *left, const struct fuzz_buffer *right, const char *codec,
           const char *what)
{
    size_t at = 0;
    if (left->size == right->size && (left->size == 0 || memcmp (left->data, right->data, left->size) == 0))
        return;
    while (at < left->size && at < right->size && left->data[at] == right->data[at])
        at++;
    fuzz_fail ("%s: %s: files of %zu and %zu bytes differ at %zu", codec, what, left->size, right->size, at);
}

static tenon_file *
reopen (const struct fuzz_buffer *bytes, const char *codec, const char *what)
{
    char name[64];
    snprintf (name, sizeof name, "again.%s", codec);
    tenon_open_options options = { .struct_size = sizeof options, .format = codec, .name = name };
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    static const uint8_t nothing[1] = { 0 };
    if (tenon_open_memory (fuzz_context (FUZZ_ONE), bytes->data ? bytes->data : nothing, bytes->size,
                           &options, &file, &error)
        < 0)
        fuzz_fail ("%s: %s, but it does not open: %s", codec, what, error.message);
    return file;
}

/* True if all data can be read. */
static bool
is_readable (tenon_file *file)
{
    tenon_file_info info = { .struct_size = sizeof info };
    tenon_file_get (file, &info);
    if (info.tensors > FUZZ_MOST_TENSORS || info.nbytes > FUZZ_MOST_BYTES)
        return false;
    for (uint64_t i = 0; i < info.tensors; i++) {
        tenon_memory *memory = NULL;
        tenon_error error;
        uint64_t size;
        bool good = fuzz_load (file, i, TENON_NONE, &size, &memory, &error) != NULL;
        tenon_memory_free (memory);
        if (!good)
            return false;
    }
    return true;
}

/* ---- there, again and back ---- */

/* Saves what was saved in the format of the first file. */
static void
check_way_back (tenon_file *first, tenon_file *second, const struct saving *there, uint64_t losses)
{
    struct saving back = { .flags = TENON_SAVE_CARRY };
    tenon_file_info info = { .struct_size = sizeof info };
    struct fuzz_buffer bytes = { 0 };
    struct outcome outcome;
    tenon_file_get (first, &info);
    back.codec = (tenon_codec_info){ .struct_size = sizeof back.codec };
    for (uint64_t i = 0; tenon_codec_get (fuzz_context (FUZZ_ONE), i, &back.codec) == TENON_OK; i++)
        if (strcmp (back.codec.id, info.format) == 0)
            break;
    back.settings[0] = strcmp (info.format, "npz") == 0 ? "npz.metadata=member" : NULL;
    save_file (second, fuzz_context (FUZZ_ONE), &back, 0, 2, &outcome);
    if (outcome.error.status
        == TENON_E_UNSUPPORTED) { /* an archive holds members that it is not saved with */
        free_outcome (&outcome);
        return;
    }
    if (outcome.error.status < 0)
        fuzz_fail ("%s to %s, and not back: %s", info.format, there->codec.id, outcome.error.message);
    fuzz_load_store (2, &bytes);
    tenon_file *third = reopen (&bytes, back.codec.id, "it was saved on the way back");
    fuzz_same_tensors (first, third, back.codec.max_tensors == 1 || there->codec.max_tensors == 1,
                       "there and back");
    if (losses == 0 && outcome.losses == 0 && !there->moves)
        fuzz_same_metadata (first, third, true, "there and back");
    tenon_close (third);
    fuzz_free (&bytes);
    free_outcome (&outcome);
}

/* `bytes` is the file, saved. */
static void
check_saved (tenon_file *file, const struct fuzz_buffer *bytes, const struct saving *saving, uint64_t losses)
{
    tenon_file_info info = { .struct_size = sizeof info };
    tenon_file_get (file, &info);
    /* a codec that sorts keeps no order of a file of its own, whose keys need not be sorted */
    bool carried = saving->flags & TENON_SAVE_CARRY, other = strcmp (info.format, saving->codec.id) != 0;
    tenon_file *again = reopen (bytes, saving->codec.id, "it was saved");
    struct fuzz_buffer second = { 0 };
    struct outcome outcome;
    if (!saving->changes) {
        fuzz_same_tensors (file, again, saving->codec.max_tensors == 1, saving->codec.id);
        if (losses == 0 && !saving->moves) {
            bool in_order = other ? carried : strcmp (saving->codec.id, "pt") == 0;
            fuzz_same_metadata (file, again, in_order, saving->codec.id);
            fuzz_same_metadata (again, file, in_order, saving->codec.id);
        }
    }
    save_file (again, fuzz_context (FUZZ_ONE), saving, 0, 2, &outcome);
    if (outcome.error.status < 0)
        fuzz_fail ("%s: it was saved, but not again: %s", saving->codec.id, outcome.error.message);
    fuzz_load_store (2, &second);
    /* a record of carried tensors may name tensors and keys that are left out, and be another one then; a
     * list of pt that lacks its last items is one of the others */
    uint64_t record;
    bool named = losses > 0
                 && (carried || strcmp (saving->codec.id, "pt") == 0
                     || tenon_metadata_find (file, "tenon.types", &record) == TENON_OK);
    if (!named && !saving->moves)
        same_file (bytes, &second, saving->codec.id, "saved once and again");
    if (carried && other && !saving->changes)
        check_way_back (file, again, saving, losses);
    tenon_close (again);
    free_outcome (&outcome);
    fuzz_free (&second);
}

static void
note_saving (const struct saving *saving)
{
    snprintf (fuzz_doing, sizeof fuzz_doing, "%s%s%s %s %s %s %s: ", saving->codec.id,
              saving->flags & TENON_SAVE_CARRY ? " carry" : "", saving->settings[0] ? ":" : "",
              saving->words[0], saving->words[1], saving->words[2], saving->words[3]);
}

static void
check_codec (struct fuzz_files *files, const struct saving *saving)
{
    note_saving (saving);
    struct fuzz_buffer bytes[2] = { { 0 }, { 0 } };
    struct outcome dry, one, four;
    save_file (files->way[0], fuzz_context (FUZZ_ONE), saving, TENON_SAVE_DRY_RUN, 1, &dry);
    save_file (files->way[0], fuzz_context (FUZZ_ONE), saving, 0, 1, &one);
    fuzz_load_store (1, &bytes[0]);
    save_file (files->way[3], fuzz_context (FUZZ_FOUR), saving, 0, 1, &four);
    fuzz_load_store (1, &bytes[1]);
    same_outcome (&one, &four, "saved by one thread, and by four");
    same_text (&one.read, &four.read, "saved by one thread, and by four");
    if (dry.error.status < 0 || one.error.status == TENON_OK)
        same_outcome (&dry, &one, "a dry run, and a save");
    else if (is_readable (files->way[0]))
        fuzz_fail ("%s: all data can be read, a dry run works, but saving says %d '%s'", saving->codec.id,
                   one.error.status, one.error.message);
    if (one.error.status == TENON_OK) {
        same_file (&bytes[0], &bytes[1], saving->codec.id, "saved by one thread, and by four");
        check_saved (files->way[0], &bytes[0], saving, one.losses);
    }
    fuzz_free (&bytes[0]);
    fuzz_free (&bytes[1]);
    free_outcome (&dry);
    free_outcome (&one);
    free_outcome (&four);
}

/* In an order that does not depend on the build. */
static const char *const formats[] = { "gguf", "npy", "npz", "pt", "safetensors" };

static bool
find_codec (const char *id, tenon_codec_info *codec, uint64_t *number)
{
    for (*number = 0; tenon_codec_get (fuzz_context (FUZZ_ONE), *number, codec) == TENON_OK; ++*number)
        if (strcmp (codec->id, id) == 0)
            return true;
    return false;
}

void
fuzz_check_saving (struct fuzz_files *files, struct fuzz_recipe *recipe)
{
    tenon_file_info info = { .struct_size = sizeof info };
    uint64_t number;
    tenon_file_get (files->way[0], &info);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0] && info.nbytes <= FUZZ_MOST_BYTES; i++) {
        struct saving saving = { .codec = { .struct_size = sizeof saving.codec } };
        if (!find_codec (formats[i], &saving.codec, &number))
            continue;
        choose_saving (&saving, number, recipe);
        check_codec (files, &saving);
    }
    fuzz_doing[0] = 0;
}
