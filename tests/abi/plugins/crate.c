/* SPDX-License-Identifier: MIT */
/* crate.c - toy keyed codecs on archives of the plugin pack. Each key but the first is a tensor of bytes; a
 * key that ends in ".inner" is described by another codec. The codec "box" writes the key "box" and each
 * tensor, by the filter of its option. The codec "crate" does what its option `do` says, steps joined by ',',
 * words by ':', and so do "ccrate" and "acrate", whose archives have other checksums, and "zcrate", on those
 * of the codec zip:
 *
 *     key KEY FILTER ALIGNMENT BLOCK CHECK    put_key; a FILTER "-" is none
 *     end                                put_key (NULL)
 *     text WORDS · fill NUMBER · tensor INDEX · align NUMBER · patch POSITION WORDS
 *     tell NUMBER                        fails if tell gives another
 *     drop KEY · open KEY · old NUMBER · file NAME
 *     member FIRST KEY CODEC FILTER ANNOUNCED ALIGNMENT CHECK
 *     bad WHAT                           puts a struct tenon_entry that is wrong
 *     say STATUS                         returns it
 *
 * A '?' before a step: its failure is not looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/plugin.h>

#define WORDS 8

/* ---- reading ---- */

static tenon_status
take_key (struct tenon_call *call, const struct tenon_key *key)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_source_info info = TENON_INIT (info);
    struct tenon_include how = { .struct_size = sizeof how, .flags = TENON_INCLUDE_PREFIX };
    TENON_TRY (call->host->open_key (call, key->key, key->length, &tensor.source));
    if (key->length > 6 && strcmp (key->key + key->length - 6, ".inner") == 0)
        return call->host->include (call, tensor.source, &how);
    TENON_TRY (call->host->source_info (call, tensor.source, &info));
    tensor.dtype = TENON_U8;
    tensor.name = key->key;
    tensor.name_length = key->length;
    tensor.shape = &info.size;
    tensor.rank = 1;
    tensor.length = TENON_AUTO;
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
crate_describe (struct tenon_call *call)
{
    struct tenon_key key = TENON_INIT (key);
    tenon_status status;
    while ((status = call->host->next_key (call, "", 0, &key)) == TENON_OK)
        if ((key.length < 5 || strcmp (key.key + key.length - 5, "crate")) && strcmp (key.key, "box")
            && *key.key != '_')
            TENON_TRY (take_key (call, &key));
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

/* ---- writing ---- */

static uint64_t
to_number (const char *word)
{
    return strtoull (word, NULL, 0);
}

/* The steps lie on this function's stack: the host copies what it needs. */
static tenon_status
put_key (struct tenon_call *call, const char **words)
{
    struct tenon_step step = { .struct_size = sizeof step, .level = -1, .filter = words[2] };
    struct tenon_entry entry = { .struct_size = sizeof entry, .size = TENON_AUTO, .key = words[1] };
    entry.key_length = strlen (words[1]);
    entry.steps = &step;
    entry.step_size = sizeof step;
    entry.step_count = *words[2] && strcmp (words[2], "-") ? 1 : 0;
    entry.alignment = to_number (words[3]);
    entry.block_size = to_number (words[4]);
    entry.check = (uint32_t) to_number (words[5]);
    tenon_status status = call->host->put_key (call, &entry);
    memset (&step, 0x55, sizeof step);
    return status;
}

static tenon_status
put_bad (struct tenon_call *call, const char *what)
{
    char *long_key = (char *) call->host->scratch (call, 65536);
    if (!long_key)
        return TENON_E_MEMORY;
    memset (long_key, 'k', 65536);
    struct tenon_step step[2] = { { .struct_size = sizeof step[0], .level = -1, .filter = "deflate" },
                                  { .struct_size = sizeof step[0], .level = -1, .filter = "deflate" } };
    struct tenon_entry entry = { .struct_size = sizeof entry, .size = 1, .key = "bad", .key_length = 3 };
    if (strcmp (what, "size") == 0)
        entry.struct_size = 8;
    else if (strcmp (what, "flags") == 0)
        entry.flags = 0x80000000u;
    else if (strcmp (what, "check") == 0)
        entry.check = 77;
    else if (strcmp (what, "nokey") == 0)
        entry.key = NULL;
    else if (strcmp (what, "empty") == 0)
        entry.key_length = 0;
    else if (strcmp (what, "utf8") == 0)
        entry.key = "\xff\xfe.";
    else if (strcmp (what, "nul") == 0)
        entry.key = "a\0b";
    else if (strcmp (what, "long") == 0)
        entry.key_length = (uint64_t) 1 << 40;
    else if (strcmp (what, "64k") == 0)
        entry.key = long_key, entry.key_length = 65536;
    else
        entry.step_count = 1;
    if (strncmp (what, "step", 4) == 0 && strcmp (what, "steps")) {
        entry.steps = step;
        entry.step_size = sizeof step[0];
    }
    if (strcmp (what, "stepsize") == 0)
        entry.step_size = 4;
    else if (strcmp (what, "stepstruct") == 0)
        step[0].struct_size = 0;
    else if (strcmp (what, "stepnone") == 0)
        step[0].filter = NULL;
    else if (strcmp (what, "steptwo") == 0)
        entry.step_count = 2;
    else if (strcmp (what, "stepsetup") == 0) {
        step[0].setup = "abc";
        step[0].setup_size = 3;
    }
    return call->host->put_key (call, &entry);
}

static tenon_status
put_member (struct tenon_call *call, const char **words)
{
    struct tenon_step step = { .struct_size = sizeof step, .level = -1, .filter = words[4] };
    struct tenon_member member = { .struct_size = sizeof member, .count = 1, .codec = words[3] };
    struct tenon_member_result result = TENON_INIT (result);
    member.first = to_number (words[1]);
    member.key = *words[2] ? words[2] : NULL;
    member.key_length = strlen (words[2]);
    member.check = (uint32_t) to_number (words[7]);
    member.steps = &step;
    member.step_size = sizeof step;
    member.step_count = *words[4] && strcmp (words[4], "-") ? 1 : 0;
    member.announced = to_number (words[5]);
    member.alignment = to_number (words[6]);
    TENON_TRY (call->host->put_member (call, &member, &result));
    return member.alignment > 1 && result.offset % member.alignment
               ? tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "the member begins at %llu",
                             (unsigned long long) result.offset)
               : TENON_OK;
}

static tenon_status
put_fill (struct tenon_call *call, uint64_t count)
{
    char line[64];
    for (uint64_t i = 0; i < count; i++) {
        int length = snprintf (line, sizeof line, "%llu ", (unsigned long long) (i * i % 1009));
        TENON_TRY (call->host->put (call, line, (uint64_t) length));
    }
    return TENON_OK;
}

static tenon_status
run_step (struct tenon_call *call, const char **words)
{
    const char *verb = words[0];
    uint64_t number = to_number (words[1]), length = strlen (words[1]);
    uint32_t source;
    if (strcmp (verb, "key") == 0)
        return put_key (call, words);
    if (strcmp (verb, "end") == 0)
        return call->host->put_key (call, NULL);
    if (strcmp (verb, "text") == 0)
        return call->host->put (call, words[1], length);
    if (strcmp (verb, "fill") == 0)
        return put_fill (call, number);
    if (strcmp (verb, "tensor") == 0)
        return call->host->put_tensor (call, number, NULL);
    if (strcmp (verb, "align") == 0)
        return call->host->align (call, number, '-');
    if (strcmp (verb, "patch") == 0)
        return call->host->patch (call, number, words[2], strlen (words[2]));
    if (strcmp (verb, "tell") == 0)
        return call->host->tell (call) == number
                   ? TENON_OK
                   : tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "it tells %llu",
                                 (unsigned long long) call->host->tell (call));
    if (strcmp (verb, "drop") == 0)
        return call->host->drop_key (call, words[1], length);
    if (strcmp (verb, "open") == 0)
        return call->host->open_key (call, words[1], length, &source);
    if (strcmp (verb, "old") == 0)
        return call->host->put_old (call, number);
    if (strcmp (verb, "member") == 0)
        return put_member (call, words);
    if (strcmp (verb, "bad") == 0)
        return put_bad (call, words[1]);
    return (tenon_status) strtol (words[1], NULL, 10);
}

static tenon_status
crate_write (struct tenon_call *call)
{
    struct tenon_setting script = TENON_INIT (script);
    TENON_TRY (call->host->option (call, 0, &script));
    char *next = (char *) call->host->scratch (call, strlen (script.text) + 1);
    if (!next)
        return TENON_E_MEMORY;
    memcpy (next, script.text, strlen (script.text));
    for (char *step; (step = strtok_r (next, ",", &next));) {
        const char *words[WORDS];
        int quiet = *step == '?';
        char *word = step + quiet;
        for (int i = 0; i < WORDS; i++) {
            words[i] = word ? word : "";
            char *end = word ? strchr (word, ':') : NULL;
            word = end ? end + 1 : NULL;
            if (end)
                *end = 0;
        }
        tenon_status status = run_step (call, words);
        if (status != TENON_OK && !quiet)
            return status;
    }
    return TENON_OK;
}

static tenon_status
box_write (struct tenon_call *call)
{
    const char *words[WORDS] = { "key", "box", "", "", "", "", "", "" };
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct tenon_setting filter = TENON_INIT (filter);
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call->host->option (call, 0, &filter));
    TENON_TRY (put_key (call, words));
    words[2] = filter.integer ? filter.text : "";
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        words[1] = tensor.name;
        TENON_TRY (put_key (call, words));
        TENON_TRY (call->host->put_tensor (call, i, NULL));
    }
    return TENON_OK;
}

/* ---- the tables ---- */

static const char *const crate_roots[] = { "crate", NULL }, *const box_roots[] = { "box", NULL };
static const char *const crate_extensions[] = { "crate", NULL }, *const box_extensions[] = { "box", NULL };
static const struct tenon_option options[] = {
    { .struct_size = sizeof (struct tenon_option),
      .type = TENON_OPTION_TEXT,
      .name = "do",
      .value = "key:crate",
      .help = "what to do" },
};
static const struct tenon_option box_options[] = {
    { .struct_size = sizeof (struct tenon_option),
      .type = TENON_OPTION_FILTER,
      .name = "filter",
      .value = "none",
      .help = "what tensors are encoded by",
      .flags = TENON_OPTION_FOR_WRITING },
};
static const struct tenon_codec crate = {
    .struct_size = sizeof crate,
    .flags = TENON_CODEC_ARCHIVED | TENON_CODEC_APPENDS,
    .id = "crate",
    .label = "toy crate",
    .extensions = crate_extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 1,
    .describe = crate_describe,
    .write = crate_write,
    .root_keys = crate_roots,
    .archive = "pack",
};
static const struct tenon_codec box = {
    .struct_size = sizeof box,
    .flags = TENON_CODEC_ARCHIVED,
    .id = "box",
    .label = "toy box",
    .extensions = box_extensions,
    .options = box_options,
    .option_size = sizeof box_options[0],
    .option_count = 1,
    .describe = crate_describe,
    .write = box_write,
    .root_keys = box_roots,
    .archive = "pack",
};
#define OTHER(name, of_archive)                                                                              \
    static const char *const name##_names[] = { #name, NULL };                                               \
    static const struct tenon_codec name = {                                                                 \
        .struct_size = sizeof name,                                                                          \
        .flags = TENON_CODEC_ARCHIVED,                                                                       \
        .id = #name,                                                                                         \
        .extensions = name##_names,                                                                          \
        .options = options,                                                                                  \
        .option_size = sizeof options[0],                                                                    \
        .option_count = 1,                                                                                   \
        .describe = crate_describe,                                                                          \
        .write = crate_write,                                                                                \
        .root_keys = name##_names,                                                                           \
        .archive = of_archive,                                                                               \
    }
OTHER (ccrate, "packc");
OTHER (acrate, "packa");
OTHER (zcrate, "zip");
static const struct tenon_codec *const codecs[] = { &crate, &box, &ccrate, &acrate, &zcrate, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "crate",
    .version = "1",
    .license = "MIT",
    .summary = "a toy codec of archives that does what it is told",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
