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

/* True if the parts have a value that becomes metadata. */
static int
has_values (const struct pt_machine *machine, const struct pt_frame *frames, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < frames[i].count; j++) {
            uint32_t value = frames[i].items[frames[i].form == PT_FORM_ENTRIES ? 2 * (uint64_t) j + 1 : j];
            uint8_t kind = pt_at (machine, value)->kind;
            if (frames[i].form != PT_FORM_PAIRS && (kind <= PT_BYTES || kind == PT_LIST || kind == PT_TUPLE))
                return 1;
        }
    return 0;
}

/* ---- parts ---- */

static void
add_outline_part (struct pt_reader *reader, const char *kind, const char *word)
{
    struct tenon_json_out *json = &reader->outline;
    if (json->length > MOST_BYTES || json->status < 0)
        return;
    json->grow = grow_outline;
    json->user = reader->call;
    tenon_json_put_text (json, json->length ? ",\n[" : "{\"tenon\":1,\"parts\":[\n[");
    tenon_json_put_string (json, reader->name, reader->name_length);
    tenon_json_put_text (json, ",\"");
    tenon_json_put_text (json, kind);
    if (word[0]) {
        tenon_json_put_text (json, "\",\"");
        tenon_json_put_text (json, word);
    }
    tenon_json_put_text (json, "\"]");
    reader->parts++;
}

void
pt_note_container (struct pt_reader *reader, uint32_t owner, const struct pt_frame *frames, uint32_t count)
{
    const struct pt_machine *machine = &reader->machine;
    const char *kind, *word = "";
    if (reader->counting || pt_is_array (machine, owner))
        return;
    if (!(kind = word_of (machine, pt_at (machine, owner))))
        return;
    if (reader->top == 0) {
        int values = has_values (machine, frames, count);
        reader->worth_telling = kind[0] == 'l' || kind[0] == 't' || kind[0] == 'i';
        word = values ? "values" : "";
    } else if (reader->frames[reader->top - 1].is_state)
        word = "attribute";
    add_outline_part (reader, kind, word);
}

void
pt_note_list (struct pt_reader *reader, const struct pt_value *list)
{
    int is_all = reader->top == 0 && list->count == 0; /* nothing else would tell what the whole was */
    reader->worth_telling |= is_all;
    if (!reader->counting && (reader->parts > 0 || is_all) && (list->kind == PT_TUPLE || list->count == 0))
        add_outline_part (reader, list->kind == PT_TUPLE ? "tuple" : "list", "");
}

tenon_status
pt_add_outline (struct pt_reader *reader)
{
    struct tenon_json_out *json = &reader->outline;
    struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
    if (pt_is_kept (reader, PT_OUTLINE, strlen (PT_OUTLINE)))
        return json->status;
    if (reader->parts == 0 || (reader->parts == 1 && !reader->worth_telling))
        return json->status;
    if (json->length > MOST_BYTES) {
        tenon_note (reader->call, TENON_LOSS, NULL,
                    "it has too many dicts and lists in each other: which they are is not kept");
        return json->status;
    }
    tenon_json_put_text (json, "]}");
    TENON_TRY (json->status);
    value.as.string = json->bytes;
    value.count = json->length;
    return reader->call->host->add_metadata (reader->call, PT_OUTLINE, strlen (PT_OUTLINE), &value);
}
