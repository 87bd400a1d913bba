/* SPDX-License-Identifier: MIT */
/* lookup.c - finds codecs, filters and dtypes, and answers applications about them. */
#include "base/nearest.h"
#include "context/cause.h"

/* ---- codecs ---- */

static bool
has_extension (const struct tn_codec *codec, const char *word)
{
    for (char *const *extension = codec->extensions; extension && *extension; extension++)
        if (strcmp (*extension, word) == 0)
            return true;
    return false;
}

/* Fails with the nearest id or extension. */
static TN_OWN_FRAME tenon_status
codec_not_found (const tenon_context *context, const char *word, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    char room[TN_HINT_ROOM], cause[TN_CAUSE_ROOM];
    if (tn_cause_of_word (context, word, cause))
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no codec '%s': %s", TN_SHOW (word),
                        cause);
    uint64_t count = 0, most = 0;
    for (uint64_t i = 0; i < registry->codec_count; i++, most++)
        for (char *const *extension = registry->codecs[i]->extensions; extension && *extension; extension++)
            most++;
    TN_FREE const char **words = calloc (most + 1, sizeof *words);
    if (!words)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        if (tn_codec_is_hidden (registry->codecs[i]))
            continue;
        words[count++] = registry->codecs[i]->table.id;
        for (char *const *extension = registry->codecs[i]->extensions; extension && *extension; extension++)
            words[count++] = *extension;
    }
    return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
                    "there is no codec '%s', and none with that extension%s", TN_SHOW (word),
                    tn_hint (room, word, words, count));
}

tenon_status
tn_codec_find (const tenon_context *context, const char *word, enum tn_direction direction, uint64_t *found,
               tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    const struct tn_codec *best = NULL, *rival = NULL;
    for (uint64_t i = 0; i < registry->codec_count; i++)
        if (strcmp (registry->codecs[i]->table.id, word) == 0) {
            *found = i;
            return TENON_OK;
        }
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        /* a codec that cannot do it does not compete with one that can */
        bool able = direction == TN_TO_READ ? codec->table.describe != NULL : codec->table.write != NULL;
        if (!able || tn_codec_is_hidden (codec) || !has_extension (codec, word)
            || (best && codec->priority < best->priority))
            continue;
        rival = best && codec->priority == best->priority ? best : NULL;
        best = codec;
        *found = i;
    }
    if (!best)
        return codec_not_found (context, word, error);
    if (rival)
        return tn_fail (
            error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
            "the codecs %s and %s both have the extension '%s': name one, or set priority in [codec %s]",
            rival->table.id, best->table.id, TN_SHOW (word), best->table.id);
    return TENON_OK;
}

TENON_API uint64_t
tenon_codec_count (const tenon_context *context)
{
    return context ? context->registry.codec_count : 0;
}

TENON_API tenon_status
tenon_codec_get (const tenon_context *context, uint64_t index, tenon_codec_info *info)
{
    if (!context || !info)
        return TENON_E_MISUSE;
    if (index >= context->registry.codec_count)
        return TENON_E_NOT_FOUND;
    const struct tn_codec *codec = context->registry.codecs[index];
    const struct tenon_plugin *plugin = &codec->plugin->table;
    tenon_codec_info found = {
        .struct_size = sizeof found,
        .flags = (codec->table.describe ? TENON_CAN_READ : 0u) | (codec->table.write ? TENON_CAN_WRITE : 0u)
                 | (codec->table.archive_functions ? TENON_CAN_ARCHIVE : 0u)
                 | (tn_codec_is_hidden (codec) ? TENON_IS_HIDDEN : 0u),
        .id = codec->table.id,
        .label = codec->table.label,
        .extensions = (const char *const *) codec->extensions,
        .plugin = plugin->name,
        .plugin_version = plugin->version,
        .plugin_license = plugin->license,
        .plugin_summary = plugin->summary,
        .plugin_file = codec->plugin->file,
        .priority = codec->priority,
        .option_count = codec->table.option_count,
        .metadata = codec->table.metadata,
        .max_tensors = codec->table.max_tensors,
    };
    if (codec->table.write && !(codec->table.flags & TENON_CODEC_NEEDS_PATCH))
        found.flags |= TENON_CAN_STREAM;
    return tn_reply_struct (info, &found, sizeof found);
}

TENON_API tenon_status
tenon_codec_option (const tenon_context *context, uint64_t codec, uint64_t index, struct tenon_option *option,
                    struct tenon_setting *setting)
{
    if (!context || !option)
        return TENON_E_MISUSE;
    if (codec >= context->registry.codec_count
        || index >= context->registry.codecs[codec]->table.option_count)
        return TENON_E_NOT_FOUND;
    const struct tn_codec *found = context->registry.codecs[codec];
    struct tenon_option own = found->table.options[index];
    if (own.type == TENON_OPTION_FILTER && !own.choices)
        own.choices = context->registry.filter_words;
    TN_TRY (tn_reply_struct (option, &own, sizeof own));
    return setting ? tn_reply_struct (setting, &found->settings[index], sizeof *setting) : TENON_OK;
}

/* ---- filters ---- */

const struct tn_filter *
tn_filter_find (const tenon_context *context, const char *id)
{
    for (uint64_t i = 0; i < context->registry.filter_count; i++)
        if (strcmp (context->registry.filters[i]->table.id, id) == 0)
            return context->registry.filters[i];
    return NULL;
}

tenon_status
tn_filter_fail_open (const struct tn_filter *filter, const struct tenon_coding *coding, tenon_status said,
                     tenon_error *error)
{
    if (said == TENON_E_MEMORY)
        return tn_fail_memory (error);
    if (said >= 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the filter %s returned %d and no state, which is neither success nor a failure",
                        filter->table.id, (int) said);
    if (coding->setup_size == 0)
        return tn_fail (error, said, TN_NO_OFFSET, "the filter %s cannot begin without a setup: %s",
                        filter->table.id, tenon_status_text (said));
    return tn_fail (error, said, TN_NO_OFFSET, "the filter %s refuses its setup of %llu bytes: %s",
                    filter->table.id, (unsigned long long) coding->setup_size, tenon_status_text (said));
}

tenon_status
tn_filter_open (const struct tn_filter *filter, const struct tenon_coding *coding, void **state,
                tenon_error *error)
{
    struct tenon_coding own = *coding;
    own.memory = coding->encode ? 0 : filter->limits[TENON_LIMIT_MEMORY];
    *state = NULL;
    uint32_t outer = tn_plugin_enter (filter->plugin);
    tenon_status said = filter->table.open (&own, state);
    tn_plugin_leave (filter->plugin, outer);
    if (said == TENON_OK && *state)
        return TENON_OK;
    *state = NULL;
    return tn_filter_fail_open (filter, coding, said, error);
}

TENON_API uint64_t
tenon_filter_count (const tenon_context *context)
{
    return context ? context->registry.filter_count : 0;
}

TENON_API tenon_status
tenon_filter_get (const tenon_context *context, uint64_t index, tenon_filter_info *info)
{
    if (!context || !info)
        return TENON_E_MISUSE;
    if (index >= context->registry.filter_count)
        return TENON_E_NOT_FOUND;
    const struct tn_filter *filter = context->registry.filters[index];
    tenon_filter_info found = {
        .struct_size = sizeof found,
        .id = filter->table.id,
        .label = filter->table.label,
        .plugin = filter->plugin ? filter->plugin->name : "core",
        .least_level = filter->table.least_level,
        .most_level = filter->table.most_level,
        .default_level = filter->table.default_level,
    };
    return tn_reply_struct (info, &found, sizeof found);
}

/* ---- dtypes ---- */

/* The fields to be swapped: one number, or the two halves of a complex one. */
static const struct tenon_swap_field swap_2[] = { { 0, 2, 1 } }, swap_4[] = { { 0, 4, 1 } },
                                     swap_8[] = { { 0, 8, 1 } }, swap_2x4[] = { { 0, 4, 2 } },
                                     swap_2x8[] = { { 0, 8, 2 } };

#define PLAIN(canonical, items, bytes)                                                                       \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_dtype), .kind = TENON_KIND_PLAIN, .name = canonical,             \
        .block_items = items, .block_bytes = bytes                                                           \
    }
#define SWAPPED(canonical, bytes, fields)                                                                    \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_dtype), .kind = TENON_KIND_PLAIN, .name = canonical,             \
        .block_items = 1, .block_bytes = bytes, .swap = fields,                                              \
        .swap_size = sizeof (struct tenon_swap_field), .swap_count = 1                                       \
    }

const struct tenon_dtype tn_dtype_fixed[TENON_DTYPE_FIXED] = {
    [TENON_NONE] = { .struct_size = sizeof (struct tenon_dtype) },
    [TENON_BOOL] = PLAIN ("bool", 1, 1),
    [TENON_U8] = PLAIN ("u8", 1, 1),
    [TENON_U16] = SWAPPED ("u16", 2, swap_2),
    [TENON_U32] = SWAPPED ("u32", 4, swap_4),
    [TENON_U64] = SWAPPED ("u64", 8, swap_8),
    [TENON_I8] = PLAIN ("i8", 1, 1),
    [TENON_I16] = SWAPPED ("i16", 2, swap_2),
    [TENON_I32] = SWAPPED ("i32", 4, swap_4),
    [TENON_I64] = SWAPPED ("i64", 8, swap_8),
    [TENON_F16] = SWAPPED ("f16", 2, swap_2),
    [TENON_BF16] = SWAPPED ("bf16", 2, swap_2),
    [TENON_F32] = SWAPPED ("f32", 4, swap_4),
    [TENON_F64] = SWAPPED ("f64", 8, swap_8),
    [TENON_C64] = SWAPPED ("c64", 8, swap_2x4),
    [TENON_C128] = SWAPPED ("c128", 16, swap_2x8),
    [TENON_F8_E4M3] = PLAIN ("f8_e4m3", 1, 1),
    [TENON_F8_E5M2] = PLAIN ("f8_e5m2", 1, 1),
    [TENON_F8_E4M3FNUZ] = PLAIN ("f8_e4m3fnuz", 1, 1),
    [TENON_F8_E5M2FNUZ] = PLAIN ("f8_e5m2fnuz", 1, 1),
    [TENON_F8_E8M0] = PLAIN ("f8_e8m0", 1, 1),
    [TENON_F6_E2M3] = PLAIN ("f6_e2m3", 4, 3),
    [TENON_F6_E3M2] = PLAIN ("f6_e3m2", 4, 3),
    [TENON_F4] = PLAIN ("f4", 2, 1),
};

uint32_t
tn_dtype_find (const tenon_context *context, const char *name)
{
    for (uint32_t i = TENON_BOOL; i < TENON_DTYPE_FIXED; i++)
        if (strcmp (tn_dtype_fixed[i].name, name) == 0)
            return i;
    for (uint64_t i = 0; i < context->registry.dtype_count; i++)
        if (strcmp (context->registry.dtypes[i]->table.name, name) == 0)
            return TENON_DTYPE_DYNAMIC + (uint32_t) i;
    return TENON_NONE;
}

const struct tenon_dtype *
tn_dtype_get (const tenon_context *context, uint32_t dtype)
{
    if (dtype > TENON_NONE && dtype < TENON_DTYPE_FIXED)
        return &tn_dtype_fixed[dtype];
    if (dtype >= TENON_DTYPE_DYNAMIC && dtype - TENON_DTYPE_DYNAMIC < context->registry.dtype_count)
        return &context->registry.dtypes[dtype - TENON_DTYPE_DYNAMIC]->table;
    return NULL;
}

TENON_API uint32_t
tenon_dtype_find (const tenon_context *context, const char *name)
{
    return context && name ? tn_dtype_find (context, name) : TENON_NONE;
}

TENON_API uint32_t
tenon_dtype_next (const tenon_context *context, uint32_t dtype)
{
    uint32_t next = dtype + 1;
    if (!context || dtype == UINT32_MAX)
        return TENON_NONE;
    if (next >= TENON_DTYPE_FIXED && next < TENON_DTYPE_DYNAMIC)
        next = TENON_DTYPE_DYNAMIC;
    return tn_dtype_get (context, next) ? next : TENON_NONE;
}
