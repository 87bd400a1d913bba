/* SPDX-License-Identifier: MIT */
/* formats_json.c - tenon formats --json. */
#include "formats_json.h"
#include "codecs.h"
#include "json.h"
#include "memory.h"
#include "pins.h"
#include "report.h"
#include "verdicts.h"

static json_object *
strings_json (const char *const *strings)
{
    json_object *array = json_array ();
    for (; strings && *strings; strings++)
        json_append (array, json_text (*strings, strlen (*strings)));
    return array;
}

/* "a b c" as an array. */
static json_object *
words_json (const char *words)
{
    json_object *array = json_array ();
    for (size_t length; *words; words += length + (words[length] == ' ')) {
        length = strcspn (words, " ");
        if (length > 0)
            json_append (array, json_text (words, length));
    }
    return array;
}

static json_object *
option_json (const tenon_context *context, uint64_t codec, uint64_t index)
{
    struct tenon_setting setting = { .struct_size = sizeof setting };
    struct tenon_option option = codec_option (context, codec, index, &setting);
    json_object *object = json_new ();
    json_add_text (object, "name", option.name);
    json_add_text (object, "type", option_type_name (option.type));
    json_add_text (object, "value", setting.text);
    json_add_text (object, "origin", setting.origin);
    json_add_text (object, "default", option.value);
    if (option.choices)
        json_add (object, "choices", words_json (option.choices));
    if (option.least < option.most) {
        json_add (object, "least", json_number (option.least));
        json_add (object, "most", json_number (option.most));
    }
    json_add_flag (object, "for_reading", option.flags & TENON_OPTION_FOR_READING);
    json_add_flag (object, "for_writing", option.flags & TENON_OPTION_FOR_WRITING);
    json_add_text (object, "help", option.help);
    return object;
}

static json_object *
codec_json (const tenon_context *context, uint64_t index)
{
    tenon_codec_info info = codec_get (context, index);
    json_object *object = json_new (), *plugin = json_new (), *options = json_array ();
    json_add_text (object, "id", info.id);
    json_add_text (object, "label", info.label);
    json_add (object, "extensions", strings_json (info.extensions));
    json_add_flag (object, "read", info.flags & TENON_CAN_READ);
    json_add_flag (object, "write", info.flags & TENON_CAN_WRITE);
    json_add_flag (object, "stream", info.flags & TENON_CAN_STREAM);
    json_add_text (object, "metadata", metadata_name (info.metadata));
    json_add (object, "max_tensors", info.max_tensors ? json_object_new_uint64 (info.max_tensors) : NULL);
    json_add (object, "priority", json_object_new_int64 (info.priority));
    json_add_flag (object, "archive", info.flags & TENON_CAN_ARCHIVE);
    json_add_flag (object, "hidden", info.flags & TENON_IS_HIDDEN);
    json_add_text (plugin, "name", info.plugin);
    json_add_text (plugin, "version", info.plugin_version);
    json_add_text (plugin, "license", info.plugin_license);
    json_add_text (plugin, "summary", info.plugin_summary);
    json_add_text (plugin, "file", info.plugin_file);
    json_add (object, "plugin", plugin);
    for (uint64_t i = 0; i < info.option_count; i++)
        json_append (options, option_json (context, index, i));
    json_add (object, "options", options);
    return object;
}

static json_object *
filters_json (const tenon_context *context)
{
    json_object *array = json_array ();
    for (uint64_t i = 0; i < tenon_filter_count (context); i++) {
        tenon_filter_info info = { .struct_size = sizeof info };
        if (tenon_filter_get (context, i, &info) < 0)
            continue;
        json_object *object = json_new ();
        json_add_text (object, "id", info.id);
        json_add_text (object, "label", info.label);
        json_add_text (object, "plugin", info.plugin);
        json_add (object, "least_level", json_object_new_int64 (info.least_level));
        json_add (object, "most_level", json_object_new_int64 (info.most_level));
        json_add (object, "default_level", json_object_new_int64 (info.default_level));
        json_append (array, object);
    }
    return array;
}

static json_object *
dtypes_json (const tenon_context *context)
{
    json_object *array = json_array ();
    for (uint32_t id = TENON_NONE; (id = tenon_dtype_next (context, id)) != TENON_NONE;) {
        struct tenon_dtype dtype = { .struct_size = sizeof dtype };
        if (tenon_dtype_get (context, NULL, id, &dtype) < 0)
            continue;
        json_object *object = json_new ();
        json_add_text (object, "name", dtype.name);
        json_add_text (object, "kind", dtype.kind == TENON_KIND_BLOCK ? "block" : "plain");
        json_add_size (object, "block_items", dtype.block_items);
        json_add_size (object, "block_bytes", dtype.block_bytes);
        json_add_flag (object, "read", dtype_reads (&dtype));
        json_add_flag (object, "write", dtype_writes (&dtype));
        json_append (array, object);
    }
    return array;
}

/* Every candidate, whether it was loaded or not. */
static json_object *
plugins_json (const tenon_context *context)
{
    json_object *array = json_array ();
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (tenon_context_report (context), TENON_VERDICT, &i, &entry);) {
        json_object *object = verdict_json (&entry);
        pins_add_json (object, context, entry.subject, entry.file);
        json_append (array, object);
    }
    return array;
}

void
formats_print_json (const tenon_context *context, const uint64_t *codecs, uint64_t count)
{
    json_object *object = json_new (), *formats = json_array ();
    for (uint64_t i = 0; i < count; i++)
        if (codecs[i] < tenon_codec_count (context)) /* filters are all listed below */
            json_append (formats, codec_json (context, codecs[i]));
    json_add (object, "formats", formats);
    json_add (object, "filters", filters_json (context));
    json_add (object, "dtypes", dtypes_json (context));
    json_add (object, "plugins", plugins_json (context));
    json_print_line (object);
}
