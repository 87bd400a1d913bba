/* SPDX-License-Identifier: MIT */
/* step_state.c - the plugin has no variables that change: its memory is the same before and after it has
 * read, written and failed. */
#include "check/elf_file.h"
#include "check/making.h"
#include "library.h"
#include "memory.h"
#include "segment.h"
#include <sys/stat.h>

/* Items for each sample. */
enum { ITEM_READ = 1, ITEM_WRITE, ITEM_FAIL, ITEMS };

struct state_check {
    struct check *check;
    tenon_context *context;
    struct elf_file elf;
    struct segment_copy copy;
};

/* The variable at an address of the file; "" if its symbols were stripped. */
static const char *
variable_at (const struct elf_file *elf, uint64_t address)
{
    struct elf_symbol symbol;
    for (uint64_t i = 0; elf_symbol (elf, false, &i, &symbol);)
        if (symbol.data && symbol.defined && address >= symbol.value && address - symbol.value < symbol.size)
            return symbol.name;
    return "";
}

static void
compare_state (struct state_check *state, const char *subject, const char *words)
{
    uint64_t address;
    check_counted (state->check);
    if (!segment_changed (&state->copy, &address))
        return;
    const char *name = variable_at (&state->elf, address);
    if (*name)
        check_found (state->check, RULE_STATE, subject, "%s changed the variable %s", words, name);
    else
        check_found (state->check, RULE_STATE, subject, "%s changed a variable, at 0x%llx of the file", words,
                     (unsigned long long) address);
}

static tenon_codec_info
codec_of (const struct state_check *state, const struct check_sample *sample)
{
    tenon_codec_info info;
    for (uint64_t i = 0; check_next_codec (state->check, state->context, &i, &info);)
        if (strcmp (info.id, sample->codec) == 0)
            return info;
    return (tenon_codec_info){ .id = NULL };
}

static void
read_sample (struct state_check *state, const struct check_sample *sample)
{
    CLEAN (file) tenon_file *file = NULL;
    struct record record = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    tenon_open_options options = { .struct_size = sizeof options, .format = sample->codec };
    if (tenon_open (state->context, sample->path, &options, &file, &error) == TENON_OK)
        record_file (state->context, file, &record, &error);
    record_clean (&record);
}

static void
write_sample (struct state_check *state, const struct check_sample *sample)
{
    CLEAN (file) tenon_file *file = NULL;
    CLEAN (plan) tenon_plan *plan = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_codec_info codec = codec_of (state, sample);
    if (!codec.id || !(codec.flags & TENON_CAN_WRITE)
        || made_open (state->context, &codec, sample->path, NULL, &file, &error) < 0
        || tenon_plan_new (state->context, &plan, &error) < 0 || tenon_plan_add_file (plan, file, &error) < 0)
        return;
    CLEAN (text) char *path = check_path (state->check, "state.%s", codec.id);
    made_save (plan, &codec, path, 0, NULL, NULL, &error);
}

/* Opens the first half of the file. */
static void
fail_sample (struct state_check *state, const struct check_sample *sample)
{
    struct stat status;
    CLEAN (file) tenon_file *file = NULL;
    if (sample->folder || stat (sample->path, &status) < 0 || status.st_size < 2)
        return;
    tenon_open_options options = { .struct_size = sizeof options,
                                   .format = sample->codec,
                                   .length = (uint64_t) status.st_size / 2 };
    tenon_open (state->context, sample->path, &options, &file, NULL);
}

static void
check_state_of (struct state_check *state, const struct check_sample *sample, uint64_t from, uint64_t number)
{
    if (check_item (state->check, from, number + ITEM_READ, "reading %s", sample->name)) {
        read_sample (state, sample);
        compare_state (state, sample->name, "reading it");
    }
    if (check_item (state->check, from, number + ITEM_WRITE, "writing %s again", sample->name)) {
        write_sample (state, sample);
        compare_state (state, sample->name, "writing its tensors");
    }
    if (check_item (state->check, from, number + ITEM_FAIL, "reading half of %s", sample->name)) {
        fail_sample (state, sample);
        compare_state (state, sample->name, "reading a half of it");
    }
}

/* ---- filters, which are used through a codec of any plugin ---- */

/* True if the option lets the codec use the filter. */
static bool
offers_filter (const struct tenon_option *option, const char *id)
{
    size_t length = strlen (id);
    if (option->type != TENON_OPTION_FILTER || !option->choices)
        return false;
    for (const char *at = option->choices; (at = strstr (at, id)); at++)
        if ((at == option->choices || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

/* Saves a tensor with the setting, and reads it. */
static void
save_with (struct state_check *state, const tenon_codec_info *codec, const char *setting)
{
    static const uint64_t shape[] = { 100, 37 };
    const char *settings[] = { setting, NULL };
    struct made_tensor tensor;
    struct record record = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (plan) tenon_plan *plan = NULL;
    CLEAN (file) tenon_file *file = NULL;
    CLEAN (text) char *path = check_path (state->check, "state.%s", codec->id);
    made_tensor_fill (state->context, &tensor, "data", TENON_F32, 2, shape);
    if (tenon_plan_new (state->context, &plan, &error) == TENON_OK && making_add (plan, &tensor, &error)
        && made_save (plan, codec, path, 0, settings, NULL, &error) == TENON_OK
        && made_open (state->context, codec, path, NULL, &file, &error) == TENON_OK)
        record_file (state->context, file, &record, &error);
    record_clean (&record);
    free (tensor.data);
}

/* The first codec that can use it. */
static void
use_filter (struct state_check *state, const char *id)
{
    tenon_codec_info codec = { .struct_size = sizeof codec };
    for (uint64_t i = 0; tenon_codec_get (state->context, i, &codec) == TENON_OK; i++)
        for (uint64_t j = 0; j < codec.option_count && (codec.flags & TENON_CAN_WRITE); j++) {
            struct tenon_option option = { .struct_size = sizeof option };
            char setting[256];
            if (tenon_codec_option (state->context, i, j, &option, NULL) < 0 || !offers_filter (&option, id))
                continue;
            snprintf (setting, sizeof setting, "%s.%s=%s", codec.id, option.name, id);
            save_with (state, &codec, setting);
            return;
        }
    check_left_out (state->check, "the filter %s: no format here writes with it", id);
}

static void
check_filters (struct state_check *state, uint64_t from, uint64_t number)
{
    for (uint64_t i = 0; i < tenon_filter_count (state->context); i++) {
        tenon_filter_info info = { .struct_size = sizeof info };
        if (tenon_filter_get (state->context, i, &info) < 0 || strcmp (info.plugin, state->check->plugin) != 0
            || !check_item (state->check, from, number + i, "writing and reading with the filter %s",
                            info.id))
            continue;
        use_filter (state, info.id);
        compare_state (state, info.id, "encoding and decoding");
    }
}

static void
check_samples (struct state_check *state, uint64_t from, bool begins)
{
    size_t count = 0;
    for (; state->check->samples[count].path; count++)
        check_state_of (state, &state->check->samples[count], from, count * ITEMS);
    check_filters (state, from, count * ITEMS + ITEM_READ);
    if (begins)
        tenon_context_free (check_context (state->check, NULL));
    compare_state (state, "", "loading it again");
}

static void
run_state (struct check *check, uint64_t from)
{
    struct state_check state = { .check = check };
    bool begins = check_item (check, from, 0, "loading the plugin");
    if (!check->file || !elf_open (check->file, &state.elf)) {
        check_left_out (check, "all of it: the plugin is not an ELF file for this kind of machine");
        return;
    }
    if (elf_is_instrumented (&state.elf))
        check_left_out (check, "all of it: the plugin was built with sanitizers or to measure coverage");
    else if ((state.context = check_context (check, NULL)) && segment_take (check->file, &state.copy))
        check_samples (&state, from, begins);
    else if (state.context)
        check_left_out (check, "all of it: the plugin's variables cannot be found on this system");
    segment_free (&state.copy);
    elf_close (&state.elf);
    tenon_context_free (state.context);
}

const struct check_step check_state_step = { "state", "the plugin has no variables that change", run_state };
