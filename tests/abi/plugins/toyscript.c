/* SPDX-License-Identifier: MIT */
/* toyscript.c - a toy format whose files say what describe is to call, a line for each call. Words are
 * separated by one space; the last one takes the rest of the line.
 *
 *     TOYSCRIPT
 *     add NAME DTYPE DIMS OFFSET
 *     skip NAME DTYPE DIMS OFFSET LENGTH STATUS WHY     DTYPE: of the library, or words; DIMS ?: unknown
 *     note KIND ITEM WORDS
 *     meta KEY VALUE
 *     part OFFSET LENGTH NAME
 *     include CODEC FLAGS                               of the last part
 *     answer KEY                                        metadata: what `answer` returns
 *     fail STATUS WORDS
 *     end
 *
 * "-" stands for NULL; DIMS are "2,3", or "." for none. What follows the last line is data. */
#include <stdlib.h>
#include <tenon/plugin.h>

#define MAGIC "TOYSCRIPT\n"
#define MOST_DIMS 80

struct script {
    struct tenon_call *call;
    char *next; /* rest of the line */
    uint32_t part;
};

/* The next word of the line, ended by a NUL; NULL for "-". */
static char *
take_word (struct script *script)
{
    char *word = script->next, *end = strchr (word, ' ');
    script->next = end ? end + 1 : word + strlen (word);
    if (end)
        *end = 0;
    return strcmp (word, "-") == 0 ? NULL : word;
}

static uint64_t
take_number (struct script *script)
{
    const char *word = take_word (script);
    return word ? (uint64_t) strtoll (word, NULL, 0) : TENON_AUTO;
}

static void
take_name (struct script *script, struct tenon_tensor *tensor)
{
    tensor->name = take_word (script);
    tensor->name_length = tensor->name ? strlen (tensor->name) : 0;
}

static void
take_dims (struct script *script, struct tenon_tensor *tensor, uint64_t *dims)
{
    char *word = take_word (script);
    tensor->shape = dims;
    if (*word == '?')
        tensor->flags = TENON_NO_SHAPE;
    while (*word >= '0' && *word <= '9' && tensor->rank < MOST_DIMS) {
        dims[tensor->rank++] = strtoull (word, &word, 10);
        word += *word == ',';
    }
}

static tenon_status
run_add (struct script *script)
{
    uint64_t dims[MOST_DIMS];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .length = TENON_AUTO };
    take_name (script, &tensor);
    tensor.dtype = script->call->host->dtype_find (script->call, take_word (script));
    take_dims (script, &tensor, dims);
    tensor.offset = take_number (script);
    return script->call->host->add_tensor (script->call, &tensor);
}

static tenon_status
run_skip (struct script *script)
{
    uint64_t dims[MOST_DIMS];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    take_name (script, &tensor);
    const char *dtype = take_word (script);
    tensor.dtype = dtype ? script->call->host->dtype_find (script->call, dtype) : TENON_NONE;
    take_dims (script, &tensor, dims);
    tensor.offset = take_number (script);
    tensor.length = take_number (script);
    tenon_status status = (tenon_status) take_number (script);
    return script->call->host->skip_tensor (script->call, &tensor, status, dtype,
                                            *script->next ? script->next : NULL);
}

static tenon_status
run_part (struct script *script)
{
    struct tenon_part part = { .struct_size = sizeof part };
    part.offset = take_number (script);
    part.stored = part.size = take_number (script);
    part.name = script->next;
    part.name_length = strlen (part.name);
    return script->call->host->add_part (script->call, &part, &script->part);
}

static tenon_status
run_include (struct script *script)
{
    struct tenon_include how = { .struct_size = sizeof how };
    how.codec = take_word (script);
    how.flags = (uint32_t) take_number (script);
    return script->call->host->include (script->call, script->part, &how);
}

static tenon_status
run_answer (struct script *script)
{
    struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
    value.as.string = script->call->host->answer (script->call);
    value.count = strlen (value.as.string);
    return script->call->host->add_metadata (script->call, script->next, strlen (script->next), &value);
}

static tenon_status
run_line (struct script *script)
{
    const char *verb = take_word (script);
    if (strcmp (verb, "add") == 0)
        return run_add (script);
    if (strcmp (verb, "skip") == 0)
        return run_skip (script);
    if (strcmp (verb, "part") == 0)
        return run_part (script);
    if (strcmp (verb, "include") == 0)
        return run_include (script);
    if (strcmp (verb, "answer") == 0)
        return run_answer (script);
    if (strcmp (verb, "fail") == 0) {
        tenon_status status = (tenon_status) take_number (script);
        return tenon_fail (script->call, status, TENON_AUTO, "%s", script->next);
    }
    if (strcmp (verb, "note") == 0) {
        uint32_t kind = (uint32_t) take_number (script);
        const char *item = take_word (script);
        script->call->host->note (script->call, kind, item, script->next);
        return TENON_OK;
    }
    const char *key = take_word (script);
    struct tenon_value value = { .type = TENON_STRING, .count = strlen (script->next) };
    value.as.string = script->next;
    return script->call->host->add_metadata (script->call, key, strlen (key), &value);
}

static tenon_status
script_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    TENON_TRY (call->host->source_info (call, 0, &info));
    char *text = (char *) call->host->scratch (call, info.size + 1);
    if (!text)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, 0, 0, text, info.size));
    struct script script = { .call = call };
    for (char *line = text + strlen (MAGIC), *end; (end = strchr (line, '\n')); line = end + 1) {
        *end = 0;
        if (strcmp (line, "end") == 0)
            return TENON_OK;
        script.next = line;
        TENON_TRY (run_line (&script));
    }
    return tenon_fail (call, TENON_E_TRUNCATED, TENON_AUTO, "the script has no end");
}

static const struct tenon_magic magics[] = { { 0, sizeof MAGIC - 1, 0, MAGIC } };
static const char *const extensions[] = { "toyscript", NULL };

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "toyscript",
    .label = "toy script",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = script_describe,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyscript",
    .version = "1.0",
    .license = "MIT",
    .summary = "a format that says what to call, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
