/* SPDX-License-Identifier: MIT */
/* names.c - the names of values: made of keys, and each used once. */
#include "names.h"

/* ---- parts ---- */

static tenon_status
append_text (struct pt_reader *reader, const uint8_t *text, uint64_t length)
{
    uint64_t wanted = (uint64_t) reader->name_length + length + 1;
    if (wanted > reader->name_room)
        TENON_TRY (pt_grow (reader->call, &reader->name, &reader->name_room, wanted, 1));
    if (pt_utf8 (text, length))
        memcpy (reader->name + reader->name_length, text, length);
    else
        for (uint64_t i = 0; i < length; i++)
            reader->name[reader->name_length + i] = text[i] > 0 && text[i] < 0x80 ? (char) text[i] : '?';
    reader->name_length += (uint32_t) length;
    reader->name[reader->name_length] = 0;
    return TENON_OK;
}

/* A key that is no tuple. */
static tenon_status
append_plain (struct pt_reader *reader, uint32_t index, uint32_t key)
{
    const struct pt_value *value = pt_at (&reader->machine, key);
    char text[PT_SHOWN_GLOBAL];
    switch (value->kind) {
    case PT_STRING:
    case PT_BYTES: return append_text (reader, value->as.bytes, value->count);
    case PT_NONE: snprintf (text, sizeof text, "None"); break;
    case PT_BOOL: snprintf (text, sizeof text, value->as.i ? "True" : "False"); break;
    case PT_INT: snprintf (text, sizeof text, "%lld", (long long) value->as.i); break;
    case PT_UINT: snprintf (text, sizeof text, "%llu", (unsigned long long) value->as.u); break;
    case PT_GLOBAL: pt_show_global (&reader->machine, key, text); break;
    default: snprintf (text, sizeof text, "key-%u", index); break;
    }
    return append_text (reader, (const uint8_t *) text, strlen (text));
}

/* (1, 'a') → 1,a */
static tenon_status
append_tuple (struct pt_reader *reader, uint32_t index, uint32_t key)
{
    uint32_t count = pt_at (&reader->machine, key)->count;
    for (uint32_t i = 0; i < count && i < 64; i++) {
        if (i > 0)
            TENON_TRY (append_text (reader, (const uint8_t *) ",", 1));
        TENON_TRY (append_plain (reader, index, pt_item (&reader->machine, key, i)));
    }
    return TENON_OK;
}

/* The name of a value that is the whole, or whose key is empty. */
static const char nameless[] = "value";

/* The dicts in which modules keep what they hold give no names, so that names are those of a state dict. */
static int
names_nothing (const struct pt_value *key)
{
    return pt_is (key, "_parameters") || pt_is (key, "_buffers") || pt_is (key, "_modules");
}

tenon_status
pt_add_part (struct pt_reader *reader, const struct pt_frame *frame, uint32_t index, uint32_t key,
             uint64_t *taken)
{
    char number[16];
    uint32_t before = reader->name_length;
    if (frame->is_module && names_nothing (pt_at (&reader->machine, key)))
        return TENON_OK;
    if (before > 0)
        TENON_TRY (append_text (reader, (const uint8_t *) ".", 1));
    if (frame->form == PT_FORM_VALUES) {
        int length = snprintf (number, sizeof number, "%u", index);
        TENON_TRY (append_text (reader, (const uint8_t *) number, (uint64_t) length));
    } else if (pt_at (&reader->machine, key)->kind == PT_TUPLE)
        TENON_TRY (append_tuple (reader, index, key));
    else
        TENON_TRY (append_plain (reader, index, key));
    if (reader->name_length == 0)
        TENON_TRY (append_text (reader, (const uint8_t *) nameless, sizeof nameless - 1));
    *taken = reader->name_length - before;
    return TENON_OK;
}

/* ---- names that are used ---- */

/* A slot of a table: the number of an entry, from 1 on, and above it bits of its hash, so that other entries
 * need not be looked at. 0: it is free. */
static uint64_t
make_slot (uint64_t hash, uint32_t number)
{
    return (hash >> 32) << 32 | number;
}

/* The slot of the name, or the free one where it would be. */
static uint64_t *
find_slot (const struct pt_names *names, uint64_t hash, const char *text, uint32_t length)
{
    uint32_t mask = names->slot_count - 1;
    for (uint32_t at = (uint32_t) hash & mask;; at = (at + 1) & mask) {
        uint64_t slot = names->slots[at];
        const struct pt_name *found =
            slot && slot >> 32 == hash >> 32 ? &names->list[(uint32_t) slot - 1] : NULL;
        if (!slot || (found && found->length == length && memcmp (found->text, text, length) == 0))
            return &names->slots[at];
    }
}

static tenon_status
widen_table (struct pt_reader *reader, struct pt_names *names)
{
    uint64_t count = names->slot_count ? 4 * (uint64_t) names->slot_count : 1024, mask = count - 1;
    uint64_t *slots = reader->call->host->scratch (reader->call, count * sizeof *slots);
    if (!slots)
        return TENON_E_MEMORY;
    for (uint32_t i = 0; i < names->count; i++) {
        uint64_t hash = names->list[i].hash, at = hash & mask;
        while (slots[at])
            at = (at + 1) & mask;
        slots[at] = make_slot (hash, i + 1);
    }
    names->slots = slots;
    names->slot_count = (uint32_t) count;
    return TENON_OK;
}

static tenon_status
enter_name (struct pt_reader *reader, struct pt_names *names, uint64_t hash, const char *text,
            uint32_t length, uint64_t *slot)
{
    char *copy = pt_room (&reader->machine, length + 1ull);
    if (!copy)
        return TENON_E_MEMORY;
    memcpy (copy, text, length);
    TENON_TRY (pt_grow (reader->call, &names->list, &names->room, names->count + 1ull, sizeof *names->list));
    names->list[names->count++] = (struct pt_name){ copy, hash, length, 1 };
    *slot = make_slot (hash, names->count);
    return TENON_OK;
}

static uint64_t
hash_text (struct pt_reader *reader, const char *text, uint32_t length)
{
    return reader->call->host->hash (reader->call, text, length);
}

static uint64_t
hash_name (struct pt_reader *reader)
{
    return hash_text (reader, reader->name, reader->name_length);
}

/* The present name is used: adds a number to it, "#2". */
static tenon_status
number_name (struct pt_reader *reader, struct pt_names *names, uint32_t taken)
{
    uint32_t before = reader->name_length;
    char shown[PT_SHOWN], number[16];
    do {
        int length = snprintf (number, sizeof number, "#%u", ++names->list[taken - 1].uses);
        reader->name_length = before;
        TENON_TRY (append_text (reader, (const uint8_t *) number, (uint64_t) length));
    } while (*find_slot (names, hash_name (reader), reader->name, reader->name_length));
    if (reader->noted < PT_MOST_NOTES) {
        reader->noted++;
        tenon_note (reader->call, TENON_NOTE, reader->name,
                    "another value of the file has the name '%s', too: this one gets a number",
                    pt_show ((const uint8_t *) reader->name, before, shown));
    }
    return TENON_OK;
}

tenon_status
pt_keep_key (struct pt_reader *reader, const char *key, uint32_t length, int *known)
{
    struct pt_names *names = &reader->metadata;
    if (2 * (uint64_t) names->count >= names->slot_count)
        TENON_TRY (widen_table (reader, names));
    uint64_t hash = hash_text (reader, key, length), *slot = find_slot (names, hash, key, length);
    *known = *slot != 0;
    return *known ? TENON_OK : enter_name (reader, names, hash, key, length, slot);
}

uint32_t
pt_find_name (struct pt_reader *reader, const struct pt_names *names, const char *text, uint32_t length)
{
    return names->slot_count > 0
               ? (uint32_t) *find_slot (names, hash_text (reader, text, length), text, length) - 1
               : UINT32_MAX;
}

struct pt_kept *
pt_find_kept (struct pt_reader *reader, const char *key, uint32_t length)
{
    uint32_t number = reader->kept_count > 0 && length > 0
                          ? pt_find_name (reader, &reader->metadata, key, length)
                          : UINT32_MAX;
    return number < reader->kept_count ? &reader->kept[number] : NULL;
}

int
pt_is_item_kept (struct pt_reader *reader, uint32_t index)
{
    uint32_t before = reader->name_length;
    char number[16];
    int length = snprintf (number, sizeof number, before > 0 ? ".%u" : "%u", index);
    int found = append_text (reader, (const uint8_t *) number, (uint64_t) length) == TENON_OK
                && pt_find_kept (reader, reader->name, reader->name_length);
    reader->name_length = before;
    if (reader->name) /* not if there was no memory for it */
        reader->name[before] = 0;
    return found;
}

tenon_status
pt_free_name (struct pt_reader *reader, struct pt_names *names, const char **text, uint32_t *length)
{
    if (reader->name_length == 0)
        TENON_TRY (append_text (reader, (const uint8_t *) nameless, sizeof nameless - 1));
    if (2 * (uint64_t) names->count >= names->slot_count)
        TENON_TRY (widen_table (reader, names));
    uint64_t hash = hash_name (reader);
    uint64_t *slot = find_slot (names, hash, reader->name, reader->name_length);
    if (*slot) {
        TENON_TRY (number_name (reader, names, (uint32_t) *slot));
        hash = hash_name (reader);
        slot = find_slot (names, hash, reader->name, reader->name_length);
    }
    TENON_TRY (enter_name (reader, names, hash, reader->name, reader->name_length, slot));
    *text = reader->name;
    *length = reader->name_length;
    return TENON_OK;
}

/* ---- keys of one dict ---- */

static int
same_keys (const struct pt_value *one, const struct pt_value *other)
{
    if (one->kind != other->kind)
        return 0;
    if (one->kind == PT_STRING || one->kind == PT_BYTES)
        return one->count == other->count && memcmp (one->as.bytes, other->as.bytes, one->count) == 0;
    return one->kind < PT_HUGE && one->as.u == other->as.u;
}

static uint64_t
hash_key (struct pt_reader *reader, const struct pt_value *key)
{
    const void *bytes =
        key->kind == PT_STRING || key->kind == PT_BYTES ? (const void *) key->as.bytes : &key->as;
    uint64_t length = key->kind == PT_STRING || key->kind == PT_BYTES ? key->count : sizeof key->as;
    return reader->call->host->hash (reader->call, bytes, length);
}

/* The number, from 1, of the entry among the first `kept` whose key is that of `key`; 0, and its slot is
 * taken: there is none. */
static uint32_t
find_key (struct pt_reader *reader, const struct pt_value *dict, uint32_t mask, uint32_t kept,
          const struct pt_value *key)
{
    uint64_t hash = hash_key (reader, key);
    for (uint32_t at = (uint32_t) hash & mask;; at = (at + 1) & mask) {
        uint64_t slot = reader->keys[at];
        if (!slot) {
            reader->keys[at] = make_slot (hash, kept + 1);
            return 0;
        }
        if (slot >> 32 == hash >> 32
            && same_keys (pt_at (&reader->machine, dict->as.items[2 * ((size_t) (uint32_t) slot - 1)]), key))
            return (uint32_t) slot;
    }
}

tenon_status
pt_check_keys (struct pt_reader *reader, uint32_t value)
{
    struct pt_value *dict = pt_at (&reader->machine, value);
    uint32_t pairs = dict->count / 2, mask = 3, kept = 0;
    char shown[PT_SHOWN];
    if ((dict->flags & PT_CHECKED) || pairs < 2)
        return TENON_OK;
    dict->flags |= PT_CHECKED;
    while (mask < 2 * (uint64_t) pairs)
        mask = 2 * mask + 1;
    TENON_TRY (pt_grow (reader->call, &reader->keys, &reader->key_room, mask + 1ull, sizeof *reader->keys));
    memset (reader->keys, 0, (mask + 1ull) * sizeof *reader->keys);
    for (uint32_t i = 0; i < pairs; i++) {
        uint32_t *items = dict->as.items;
        const struct pt_value *key = pt_at (&reader->machine, items[2 * (size_t) i]);
        if (key->kind == PT_STRING || key->kind == PT_BYTES)
            TENON_TRY (pt_draw (&reader->machine, key->count));
        uint32_t before = find_key (reader, dict, mask, kept, key);
        items[2 * (size_t) (before ? before - 1 : kept) + 1] = items[2 * (size_t) i + 1];
        if (!before)
            items[2 * (size_t) kept++] = items[2 * (size_t) i];
        else if (reader->noted++ < PT_MOST_NOTES)
            tenon_note (reader->call, TENON_NOTE | TENON_FLAW,
                        key->kind == PT_STRING ? pt_show (key->as.bytes, key->count, shown) : NULL,
                        "a dict has this key twice: the last value counts");
    }
    dict->count = 2 * kept;
    return TENON_OK;
}
