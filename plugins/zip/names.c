/* SPDX-License-Identifier: MIT */
/* names.c - names of members, as text and in sets; and the extra fields of a header, one of them a name. */
#include "zip.h"

const uint8_t *
zip_find_extra (const uint8_t *extra, uint32_t length, uint32_t id, uint32_t *size)
{
    for (uint32_t at = 0; length - at >= 4;) {
        *size = tenon_le16 (extra + at + 2);
        if (*size > length - at - 4)
            return NULL;
        if (tenon_le16 (extra + at) == id)
            return extra + at + 4;
        at += 4 + *size;
    }
    return NULL;
}

/* ---- code page 437 ---- */

/* The characters 0x80 … 0xff of code page 437, the encoding of names in a zip that does not state another. */
static const uint16_t code_page[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee,
    0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6,
    0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa,
    0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514,
    0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c,
    0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
    0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0
};
/* None of them takes more than three bytes in UTF-8. */
#define CODE_PAGE_FACTOR 3u

static uint32_t
from_code_page (const uint8_t *raw, uint32_t length, char *text)
{
    uint32_t written = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t point = raw[i] < 0x80 ? raw[i] : code_page[raw[i] - 0x80];
        if (point < 0x80)
            text[written++] = (char) point;
        else if (point < 0x800) {
            text[written++] = (char) (0xc0 | point >> 6);
            text[written++] = (char) (0x80 | (point & 0x3f));
        } else {
            text[written++] = (char) (0xe0 | point >> 12);
            text[written++] = (char) (0x80 | (point >> 6 & 0x3f));
            text[written++] = (char) (0x80 | (point & 0x3f));
        }
    }
    return written;
}

/* ---- names ---- */

const char *
zip_show (const struct zip_entry *entry, char shown[ZIP_SHOWN])
{
    const uint8_t *bytes = entry->name ? (const uint8_t *) entry->name : entry->raw;
    uint32_t length = entry->name ? entry->name_length : entry->raw_length, written = 0;
    for (uint32_t i = 0; i < length; i++) {
        /* before the first byte of a character: room for the longest one, and for the dots */
        if (((bytes[i] & 0xc0) != 0x80 && written + 20 > ZIP_SHOWN) || written + 8 > ZIP_SHOWN) {
            memcpy (shown + written, "...", 3);
            written += 3;
            break;
        }
        shown[written++] = bytes[i] ? (char) bytes[i] : '?';
    }
    shown[written] = 0;
    return shown;
}

/* Info-ZIP's own field: u8 version 1, u32 CRC-32 of the name in the header, then the name in UTF-8. */
static int
take_unicode_path (struct tenon_call *call, struct zip_entry *entry)
{
    uint32_t size;
    uint64_t sum;
    const uint8_t *path = zip_find_extra (entry->extra, entry->extra_length, ZIP_EXTRA_UNICODE_PATH, &size);
    if (!path || size <= 5 || path[0] != 1
        || call->host->checksum (call, TENON_CHECK_CRC32, NULL, entry->raw, entry->raw_length, &sum) < 0
        || sum != tenon_le32 (path + 1))
        return 0;
    entry->name = (const char *) path + 5;
    entry->name_length = size - 5;
    return 1;
}

/* True if a byte is 0x80 or more, or, with `high` 0, if one is 0. Eight bytes at a time. */
static int
has_byte (const uint8_t *bytes, uint32_t length, int high)
{
    uint64_t found = 0, word;
    uint32_t i = 0;
    for (; length - i >= 8; i += 8) {
        memcpy (&word, bytes + i, 8);
        found |= high ? word : (word - 0x0101010101010101u) & ~word;
    }
    for (; i < length; i++)
        found |= high ? bytes[i] : bytes[i] ? 0 : 0x80;
    return (found & 0x8080808080808080u) != 0;
}

int
zip_is_ascii (const void *text, uint64_t length)
{
    return !has_byte (text, (uint32_t) length, 1);
}

/* True if the text is well-formed UTF-8 (Unicode 15, table 3-7). */
static int
is_utf8 (const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length;) {
        uint8_t lead = bytes[i++];
        if (lead < 0x80)
            continue;
        uint32_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || more > length - i)
            return 0;
        uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (bytes[i] < least || bytes[i] > most)
            return 0;
        while (more-- > 0)
            if ((bytes[i++] & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

tenon_status
zip_decode_name (struct tenon_call *call, struct zip_entry *entry)
{
    char shown[ZIP_SHOWN];
    if (has_byte (entry->raw, entry->raw_length, 0))
        return tenon_fail (call, TENON_E_MALFORMED, entry->place, "the name of member '%s' holds a NUL",
                           zip_show (entry, shown));
    if (!has_byte (entry->raw, entry->raw_length, 1)
        && ((entry->flags & ZIP_UTF8) || entry->extra_length == 0 || !take_unicode_path (call, entry))) {
        entry->name = (const char *) entry->raw;
        entry->name_length = entry->raw_length;
        return TENON_OK;
    }
    if (entry->flags & ZIP_UTF8) {
        if (!is_utf8 (entry->raw, entry->raw_length))
            return tenon_fail (call, TENON_E_MALFORMED, entry->place,
                               "the name of member '%s' is not UTF-8, although its flags say so",
                               zip_show (entry, shown));
        entry->name = (const char *) entry->raw;
        entry->name_length = entry->raw_length;
    } else if (entry->name || take_unicode_path (call, entry)) {
        const uint8_t *name = (const uint8_t *) entry->name;
        uint32_t length = entry->name_length;
        entry->name = NULL;
        if (has_byte (name, length, 0) || !is_utf8 (name, length))
            return tenon_fail (call, TENON_E_MALFORMED, entry->place,
                               "the Unicode name of member '%s' is not UTF-8 without NUL",
                               zip_show (entry, shown));
        entry->name = (const char *) name;
    } else {
        char *text = call->host->scratch (call, CODE_PAGE_FACTOR * (uint64_t) entry->raw_length + 1);
        if (!text)
            return TENON_E_MEMORY;
        entry->name_length = from_code_page (entry->raw, entry->raw_length, text);
        entry->name = text;
    }
    return TENON_OK;
}

/* ---- sets of names, in a hash table ---- */

tenon_status
zip_begin_names (struct tenon_call *call, uint64_t count, struct zip_names *names)
{
    uint64_t slots = 16;
    memset (names, 0, sizeof *names);
    names->call = call;
    if (count >= ZIP_MAX32)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a zip of 2^32 members or more");
    while (slots < count + count / 2)
        slots *= 2;
    while (count >> names->index_bits)
        names->index_bits++;
    names->slots = call->host->scratch (call, slots * sizeof *names->slots);
    names->entries = call->host->scratch (call, (count + 1) * sizeof *names->entries);
    if (!names->slots || !names->entries)
        return TENON_E_MEMORY;
    names->mask = slots - 1;
    names->room = count;
    return TENON_OK;
}

uint32_t *
zip_find_name (const struct zip_names *names, const char *text, uint32_t length, uint32_t *tag)
{
    uint64_t h = names->call->host->hash (names->call, text, length), at = h & names->mask;
    uint32_t index_mask = (uint32_t) (((uint64_t) 1 << names->index_bits) - 1);
    *tag = (uint32_t) (h >> 32) & ~index_mask;
    for (; names->slots[at]; at = (at + 1) & names->mask) {
        if ((names->slots[at] & ~index_mask) != *tag)
            continue;
        const struct zip_name *other = &names->entries[(names->slots[at] & index_mask) - 1];
        if (other->length == length && memcmp (other->text, text, length) == 0)
            break;
    }
    return &names->slots[at];
}

struct zip_name *
zip_name_in (const struct zip_names *names, const uint32_t *slot)
{
    uint32_t index_mask = (uint32_t) (((uint64_t) 1 << names->index_bits) - 1);
    return &names->entries[(*slot & index_mask) - 1];
}

int
zip_add_name (struct zip_names *names, const char *text, uint32_t length)
{
    uint32_t tag, *slot = zip_find_name (names, text, length, &tag);
    if (*slot)
        return 0;
    names->entries[names->count].text = text;
    names->entries[names->count++].length = length;
    *slot = tag | (uint32_t) names->count;
    return 1;
}

tenon_status
zip_add_name_growing (struct zip_names *names, const char *text, uint32_t length)
{
    if (names->count < names->room) {
        zip_add_name (names, text, length);
        return TENON_OK;
    }
    struct zip_names more;
    TENON_TRY (zip_begin_names (names->call, 2 * names->room, &more));
    for (uint64_t i = 0; i < names->count; i++)
        zip_add_name (&more, names->entries[i].text, names->entries[i].length);
    *names = more;
    zip_add_name (names, text, length);
    return TENON_OK;
}
