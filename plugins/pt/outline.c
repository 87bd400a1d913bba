/* SPDX-License-Identifier: MIT */
/* outline.c - the containers that a PyTorch file had, so that it can have them again. Names with dots do not
 * tell whether 'a.b' was a dict in a dict, or a key. Unless all was one dict of tensors the reader adds
 * an entry of metadata, tenon.pt:
 *
 *     {"tenon":1,"parts":[["","dict","values"],["model","ordered"],["optimizer","dict"],
 *     ["optimizer.state","int"],["optimizer.param_groups","list"],["model._metadata","ordered","attribute"]]}
 *
 * Each part has the name that its items have before theirs, and what it is: dict, int (a dict with numbers as
 * keys), ordered (OrderedDict), list, tuple. A part comes before those in it. "values": the whole has
 * metadata, and not only in parts of it. "attribute": it is one of the object whose part it is in, and none
 * of its items. */
#include "pt_write.h"
#include <tenon/json_value.h>

static const char *const kinds[] = { [PT_NODE_DICT] = "dict",
                                     [PT_NODE_ORDERED] = "ordered",
                                     [PT_NODE_LIST] = "list",
                                     [PT_NODE_TUPLE] = "tuple",
                                     [PT_NODE_INTS] = "int" };

/* ---- parts by their names ---- */

static uint32_t *
part_slot (struct tenon_call *call, const struct pt_outline *outline, const char *name, uint64_t length)
{
    for (uint64_t at = call->host->hash (call, name, length);; at++) {
        uint32_t *slot = &outline->slots[at & outline->mask];
        const struct pt_part *part = &outline->parts[*slot - 1];
        if (*slot == 0 || (part->length == length && memcmp (part->name, name, length) == 0))
            return slot;
    }
}

struct pt_part *
pt_find_part (struct tenon_call *call, const struct pt_outline *outline, const char *name, uint64_t length)
{
    uint32_t number = *part_slot (call, outline, name, length);
    return number ? &outline->parts[number - 1] : NULL;
}

/* ---- reading the text ---- */

/* ["name","kind"] or ["name","kind","word"], whose [ was read. 0: it is not in this form. */
static int
take_part (struct tenon_call *call, struct tenon_json *json, struct pt_outline *outline)
{
    struct pt_part *part = &outline->parts[outline->count];
    int32_t token;
    memset (part, 0, sizeof *part);
    if (!tenon_json_take (json, TENON_JSON_STRING)
        || !(part->name = tenon_json_take_text (call, json, &part->length))
        || !tenon_json_take (json, TENON_JSON_STRING))
        return 0;
    while (part->kind <= PT_NODE_INTS && !tenon_json_is (json, kinds[part->kind]))
        part->kind++;
    if (part->kind > PT_NODE_INTS)
        return 0;
    if ((token = tenon_json_next (json)) == TENON_JSON_STRING) {
        part->is_attribute = tenon_json_is (json, "attribute");
        outline->has_values |= tenon_json_is (json, "values");
        token = tenon_json_next (json);
    }
    outline->longest = part->length > outline->longest ? part->length : outline->longest;
    return token == TENON_JSON_END_ARRAY && (part->length == 0) == (outline->count == 0);
}

static int
take_parts (struct tenon_call *call, struct tenon_json *json, struct pt_outline *outline, uint64_t room)
{
    uint64_t version;
    int32_t token;
    if (!tenon_json_take (json, TENON_JSON_BEGIN_OBJECT) || !tenon_json_take_key (json, "tenon")
        || !tenon_json_take (json, TENON_JSON_NUMBER) || tenon_json_u64 (json, &version) < 0 || version != 1
        || !tenon_json_take_key (json, "parts") || !tenon_json_take (json, TENON_JSON_BEGIN_ARRAY))
        return 0;
    while ((token = tenon_json_next (json)) == TENON_JSON_BEGIN_ARRAY) {
        if (outline->count == room || !take_part (call, json, outline))
            return 0;
        struct pt_part *part = &outline->parts[outline->count];
        uint32_t *slot = part_slot (call, outline, part->name, part->length);
        if (*slot == 0)
            *slot = ++outline->count;
    }
    return token == TENON_JSON_END_ARRAY && tenon_json_take (json, TENON_JSON_END_OBJECT)
           && tenon_json_take (json, TENON_JSON_END) && outline->count > 0;
}

tenon_status
pt_read_outline (struct tenon_call *call, const struct tenon_value *value, struct pt_outline *outline,
                 int *found)
{
    struct tenon_json json;
    uint64_t room = value->count / 10 + 1, slots = 16; /* ["","int"], has 10 bytes */
    memset (outline, 0, sizeof *outline);
    *found = 0;
    if (value->type != TENON_STRING || room >= PT_NO_NODE / 2)
        return TENON_OK;
    while (slots < 2 * room)
        slots *= 2;
    outline->mask = slots - 1;
    outline->parts = call->host->scratch (call, room * sizeof *outline->parts);
    outline->slots = call->host->scratch (call, slots * sizeof *outline->slots);
    if (!outline->parts || !outline->slots)
        return TENON_E_MEMORY;
    tenon_json_begin (&json, value->as.string, value->count, 8);
    *found = take_parts (call, &json, outline, room);
    if (!*found)
        tenon_note (call, TENON_NOTE, PT_OUTLINE,
                    "it is no outline as this version writes them: all becomes one dict");
    return TENON_OK;
}
