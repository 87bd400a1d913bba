/* SPDX-License-Identifier: MIT */
/* formats.c - what applications may ask about codecs and filters. */
#include "context/context.h"

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
        .flags = (codec->table.describe ? TENON_CAN_READ : 0u) | (codec->table.write ? TENON_CAN_WRITE : 0u),
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
    return tn_fill_struct (info, &found, sizeof found) ? TENON_OK : TENON_E_MISUSE;
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
    bool filled = tn_fill_struct (option, &found->table.options[index], sizeof *option)
                  && (!setting || tn_fill_struct (setting, &found->settings[index], sizeof *setting));
    return filled ? TENON_OK : TENON_E_MISUSE;
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
    return tn_fill_struct (info, &found, sizeof found) ? TENON_OK : TENON_E_MISUSE;
}
