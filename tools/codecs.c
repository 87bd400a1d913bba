/* SPDX-License-Identifier: MIT */
/* codecs.c - codecs and dtypes as the commands show them. */
#include "codecs.h"

tenon_codec_info
codec_get (const tenon_context *context, uint64_t index)
{
    tenon_codec_info info = { .struct_size = sizeof info };
    tenon_codec_get (context, index, &info);
    return info;
}

struct tenon_option
codec_option (const tenon_context *context, uint64_t codec, uint64_t index, struct tenon_setting *setting)
{
    struct tenon_option option = { .struct_size = sizeof option };
    tenon_codec_option (context, codec, index, &option, setting);
    return option;
}

char *
codec_extensions (const tenon_codec_info *info)
{
    size_t length = 1, used = 0;
    for (const char *const *each = info->extensions; each && *each; each++)
        length += strlen (*each) + 2;
    char *text = get_memory (NULL, length, 1);
    text[0] = 0;
    for (const char *const *each = info->extensions; each && *each; each++)
        used += (size_t) sprintf (text + used, "%s.%s", used ? " " : "", *each);
    return text;
}

const char *
option_type_name (uint32_t type)
{
    static const char *const names[] = {
        "?", "bool", "integer", "size", "number", "text", "choice", "filter"
    };
    return type < COUNT_OF (names) ? names[type] : names[0];
}

const char *
metadata_name (uint32_t metadata)
{
    static const char *const names[] = { "none", "strings", "typed", "nested" };
    return metadata < COUNT_OF (names) ? names[metadata] : "?";
}

bool
dtype_reads (const struct tenon_dtype *dtype)
{
    return dtype->kind == TENON_KIND_PLAIN || dtype->decode;
}

bool
dtype_writes (const struct tenon_dtype *dtype)
{
    return dtype->kind == TENON_KIND_PLAIN || dtype->encode;
}

char *
config_key (const tenon_config_entry *entry)
{
    static const char codec[] = "codec ";
    const char *section = entry->section;
    if (strncmp (section, codec, sizeof codec - 1) == 0)
        section += sizeof codec - 1;
    size_t length = strlen (section);
    char *text = get_memory (NULL, length + strlen (entry->key) + 2, 1);
    for (size_t i = 0; i < length; i++)
        text[i] = section[i] == ' ' ? '.' : section[i];
    text[length] = '.';
    strcpy (text + length + 1, entry->key);
    return text;
}
