/* SPDX-License-Identifier: MIT */
/* toyset.c - a toy index that maps tensors to siblings.
 *
 *     "TOYSET1\n", then lines: FILE TAB TENSOR, or FILE alone (all its tensors)
 *
 * A save writes as many siblings as needed, NAME-1.toyraw …, each with `toyset.each` tensors, and the index.
 * With `toyset.beside` they are NAME-00001-of-00003.toyraw …, and the index is the last file,
 * NAME.index.toyset; with `toyset.bare` there is no index. */
#include <tenon/plugin.h>

#define MAGIC "TOYSET1\n"

enum { EACH, PART, MISSING, BESIDE, BARE, OPTIONS };

static tenon_status
set_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting)
{
    memset (setting, 0, sizeof *setting);
    setting->struct_size = sizeof *setting;
    return call->host->option (call, index, setting);
}

/* ---- reading ---- */

struct line {
    const char *file, *tensor; /* tensor NULL: the line names none */
    uint64_t file_length, tensor_length;
};

/* Takes the next line of the text and advances `place`. 0: no line is left. */
static int
next_line (const char **place, const char *end, struct line *line)
{
    if (*place == end)
        return 0;
    const char *stop = (const char *) memchr (*place, '\n', (size_t) (end - *place));
    if (!stop)
        stop = end;
    const char *tab = (const char *) memchr (*place, '\t', (size_t) (stop - *place));
    line->file = *place;
    line->file_length = (uint64_t) ((tab ? tab : stop) - *place);
    line->tensor = tab ? tab + 1 : NULL;
    line->tensor_length = tab ? (uint64_t) (stop - tab - 1) : 0;
    *place = stop == end ? end : stop + 1;
    return 1;
}

/* Opens and describes a file that no earlier line names. */
static tenon_status
include_file (struct tenon_call *call, const char *text, const struct line *line)
{
    struct tenon_include how = { .struct_size = sizeof how, .flags = TENON_INCLUDE_REPEATED };
    struct tenon_setting missing;
    struct line before;
    uint32_t source;
    for (const char *place = text; place < line->file && next_line (&place, line->file, &before);)
        if (before.file_length == line->file_length
            && !memcmp (before.file, line->file, (size_t) line->file_length))
            return TENON_OK;
    TENON_TRY (set_option (call, MISSING, &missing));
    tenon_status status = call->host->open_key (call, line->file, line->file_length, &source);
    if (status == TENON_E_NOT_FOUND && missing.integer) {
        tenon_note (call, TENON_NOTE, NULL, "the sibling %.*s is missing", (int) line->file_length,
                    line->file);
        return TENON_OK;
    }
    TENON_TRY (status);
    return call->host->include (call, source, &how);
}

static tenon_status
check_tensor (struct tenon_call *call, const char *text, const struct line *line)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_setting missing;
    TENON_TRY (set_option (call, MISSING, &missing));
    if (!line->tensor || missing.integer)
        return TENON_OK;
    tenon_status status = call->host->find (call, line->tensor, line->tensor_length, &tensor);
    if (status == TENON_E_NOT_FOUND)
        return tenon_fail (call, TENON_E_MALFORMED, 8 + (uint64_t) (line->file - text),
                           "the index says that '%.*s' holds '%.*s', which it does not",
                           (int) line->file_length, line->file, (int) line->tensor_length, line->tensor);
    return status;
}

static tenon_status
set_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    struct line line;
    TENON_TRY (call->host->source_info (call, 0, &info));
    if (info.size < 8)
        return tenon_fail (call, TENON_E_TRUNCATED, 0, "%llu bytes are no set",
                           (unsigned long long) info.size);
    const char *text = (const char *) call->host->view (call, 0, 0, info.size);
    if (!text)
        return TENON_E_TRUNCATED;
    const char *end = text + info.size;
    if (memcmp (text, MAGIC, 8))
        return tenon_fail (call, TENON_E_MALFORMED, 0, "it does not begin with TOYSET1");
    text += 8;
    for (const char *place = text; next_line (&place, end, &line);)
        TENON_TRY (include_file (call, text, &line));
    for (const char *place = text; next_line (&place, end, &line);)
        TENON_TRY (check_tensor (call, text, &line));
    return TENON_OK;
}

/* ---- writing ---- */

static tenon_status
part_name (struct tenon_call *call, const struct tenon_plan_info *plan, uint64_t number,
           const char *extension, char name[256])
{
    struct tenon_setting beside, each;
    TENON_TRY (set_option (call, BESIDE, &beside));
    TENON_TRY (set_option (call, EACH, &each));
    uint64_t most = (uint64_t) each.integer, parts = plan->tensors / most + (plan->tensors % most > 0);
    int length = beside.integer
                     ? snprintf (name, 256, "%.*s-%05llu-of-%05llu.%s", (int) plan->name_length, plan->name,
                                 (unsigned long long) number, (unsigned long long) parts, extension)
                     : snprintf (name, 256, "%.*s-%llu.%s", (int) plan->name_length, plan->name,
                                 (unsigned long long) number, extension);
    if (length < 0 || length >= 256)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "the name of a part would be too long");
    return TENON_OK;
}

static tenon_status
begin_index (struct tenon_call *call, const struct tenon_plan_info *plan)
{
    struct tenon_setting beside;
    char name[256];
    TENON_TRY (set_option (call, BESIDE, &beside));
    int length = snprintf (name, sizeof name, "%.*s.index.toyset", (int) plan->name_length, plan->name);
    if (length < 0 || length >= 256)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "the name of the index would be too long");
    struct tenon_entry file = { .struct_size = sizeof file, .key = name, .key_length = (uint64_t) length };
    return call->host->put_key (call, beside.integer ? &file : NULL);
}

static tenon_status
set_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_setting each, part, bare;
    char name[256];
    TENON_TRY (set_option (call, BARE, &bare));
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (set_option (call, EACH, &each));
    TENON_TRY (set_option (call, PART, &part));
    uint64_t most = (uint64_t) each.integer;
    for (uint64_t first = 0; first < plan.tensors; first += most) {
        struct tenon_member member = { .struct_size = sizeof member, .first = first, .codec = part.text };
        struct tenon_member_result result = { .struct_size = sizeof result };
        member.count = plan.tensors - first < most ? plan.tensors - first : most;
        TENON_TRY (part_name (call, &plan, first / most + 1, part.text, name));
        struct tenon_entry file = { .struct_size = sizeof file, .key = name, .key_length = strlen (name) };
        TENON_TRY (call->host->put_key (call, &file));
        TENON_TRY (call->host->put_member (call, &member, &result));
        if (result.offset != 0 || result.stored != call->host->tell (call))
            return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a part does not begin where its file does");
    }
    if (bare.integer)
        return TENON_OK;
    TENON_TRY (begin_index (call, &plan));
    TENON_TRY (call->host->put (call, MAGIC, 8));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (part_name (call, &plan, i / most + 1, part.text, name));
        TENON_TRY (call->host->put (call, name, strlen (name)));
        TENON_TRY (call->host->put (call, "\t", 1));
        TENON_TRY (call->host->put (call, tensor.name, tensor.name_length));
        TENON_TRY (call->host->put (call, "\n", 1));
    }
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "toyset", "index.toyset", NULL };

#define OPTION(type, name, value, help, least, most, flags)                                                  \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, NULL, help, least, most, flags, 0                   \
    }
static const struct tenon_option options[OPTIONS] = {
    [EACH] = OPTION (TENON_OPTION_INTEGER, "each", "1", "tensors in a shard", 1, 1000000,
                     TENON_OPTION_FOR_WRITING),
    [PART] = OPTION (TENON_OPTION_TEXT, "part", "toyraw", "which codec writes the parts", 0, 0,
                     TENON_OPTION_FOR_WRITING),
    [MISSING] = OPTION (TENON_OPTION_BOOL, "missing", "no", "take a set that lacks parts", 0, 0,
                        TENON_OPTION_FOR_READING),
    [BESIDE] =
        OPTION (TENON_OPTION_BOOL, "beside", "no", "numbered parts, and an index that is a file beside them",
                0, 0, TENON_OPTION_FOR_WRITING),
    [BARE] = OPTION (TENON_OPTION_BOOL, "bare", "no", "numbered parts without an index, if `beside` is given",
                     0, 0, TENON_OPTION_FOR_WRITING),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "toyset",
    .label = "toy set",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = OPTIONS,
    .describe = set_describe,
    .write = set_write,
    .set_index = "toyset",
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyset",
    .version = "1.0",
    .license = "MIT",
    .summary = "a set of files, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
