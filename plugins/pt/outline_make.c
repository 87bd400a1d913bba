/* SPDX-License-Identifier: MIT */
/* outline_make.c - the outline of a file that is read (outline.c says what that is): a part for each
 * container that is entered. */
#include "pt.h"

#define FIRST_BYTES 4096u
#define MOST_BYTES ((uint64_t) 16 << 20)

/* grow of the text. */
static tenon_status
grow_outline (struct tenon_json_out *json, uint64_t more)
{
    uint64_t wanted = json->length + more;
    return tenon_grow (json->user, &json->bytes, &json->room, wanted < FIRST_BYTES ? FIRST_BYTES : wanted, 1);
}

/* ---- what a container is ---- */

static int
has_numbers (const struct pt_machine *machine, const struct pt_value *dict)
{
    for (uint32_t i = 0; i < dict->count; i += 2)
        if (pt_at (machine, dict->as.items[i])->kind != PT_INT)
            return 0;
    return dict->count > 0;
}

static const char *
word_of_object (const struct pt_machine *machine, const struct pt_value *object)
{
    uint32_t callee = object->as.items[PT_CALLEE], meaning = pt_global (machine, callee);
    if (meaning == PT_G_MAKE) {
        callee = pt_item (machine, object->as.items[PT_ARGUMENTS], 0);
        meaning = pt_global (machine, callee);
    }
    const struct pt_value *global = pt_at (machine, callee);
    if (meaning == PT_G_LIST)
        return pt_is (pt_at (machine, global->as.items[1]), "Size") ? "tuple" : "list";
    if (meaning == PT_G_DICT && pt_is (pt_at (machine, global->as.items[1]), "OrderedDict"))
        return "ordered";
    return "dict";
}

/* NULL: it is no container. */
static const char *
word_of (const struct pt_machine *machine, const struct pt_value *value)
{
    switch (value->kind) {
    case PT_TUPLE: return "tuple";
    case PT_LIST:
    case PT_SET: return "list";
    case PT_OBJECT: return word_of_object (machine, value);
    case PT_DICT: return has_numbers (machine, value) ? "int" : "dict";
    default: return NULL;
    }
}

/* ---- parts ---- */

/* ["NAME","KIND"] or ["NAME","KIND","WORD"] */
static void
put_part (struct tenon_json_out *json, const char *name, uint64_t length, const char *kind, const char *word)
{
    tenon_json_put_text (json, "\n[");
    tenon_json_put_string (json, name, length);
    tenon_json_put_text (json, ",\"");
    tenon_json_put_text (json, kind);
    if (word[0]) {
        tenon_json_put_text (json, "\",\"");
        tenon_json_put_text (json, word);
    }
    tenon_json_put_text (json, "\"]");
}

/* The present value is a container of this kind. */
static void
add_outline_part (struct pt_reader *reader, const char *kind, const char *word)
{
    struct tenon_json_out *json = &reader->outline;
    if (reader->top == 0) {
        reader->whole = kind;
        return;
    }
    reader->parts++;
    if (json->length > MOST_BYTES || json->status < 0)
        return;
    json->grow = grow_outline;
    json->user = reader->call;
    tenon_json_put_text (json, ",");
    put_part (json, reader->name, reader->name_length, kind, word);
}

void
pt_note_container (struct pt_reader *reader, uint32_t owner)
{
    const struct pt_machine *machine = &reader->machine;
    const char *kind;
    if (reader->counting || pt_is_array (machine, owner)
        || !(kind = word_of (machine, pt_at (machine, owner))))
        return;
    add_outline_part (reader, kind,
                      reader->top > 0 && reader->frames[reader->top - 1].is_state ? "attribute" : "");
}

void
pt_note_list (struct pt_reader *reader, const struct pt_value *list)
{
    /* empty bytes are written as an empty list, and kept as bytes */
    int is_empty = list->count == 0 && !pt_find_kept (reader, reader->name, reader->name_length);
    if (is_empty || (list->kind == PT_TUPLE && reader->top > 0))
        add_outline_part (reader, list->kind == PT_TUPLE ? "tuple" : "list", "");
}

tenon_status
pt_add_outline (struct pt_reader *reader)
{
    struct tenon_json_out json = { .grow = grow_outline, .user = reader->call };
    struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
    const char *whole = reader->whole ? reader->whole : "dict"; /* which it becomes when it is written */
    int is_dict = strcmp (whole, "dict") == 0 || strcmp (whole, "ordered") == 0;
    TENON_TRY (reader->outline.status);
    if ((reader->parts == 0 && is_dict && !reader->has_values)
        || pt_find_name (reader, &reader->metadata, PT_OUTLINE, strlen (PT_OUTLINE)) != UINT32_MAX)
        return TENON_OK;
    if (reader->outline.length > MOST_BYTES) {
        tenon_note (reader->call, TENON_LOSS, NULL,
                    "it has too many dicts and lists in each other: which they are is not kept");
        return TENON_OK;
    }
    tenon_json_put_text (&json, "{\"tenon\":1,\"parts\":[");
    put_part (&json, "", 0, whole, reader->has_values ? "values" : "");
    tenon_json_put (&json, reader->outline.bytes, reader->outline.length);
    tenon_json_put_text (&json, "]}");
    TENON_TRY (json.status);
    value.as.string = json.bytes;
    value.count = json.length;
    return reader->call->host->add_metadata (reader->call, PT_OUTLINE, strlen (PT_OUTLINE), &value);
}
