/* SPDX-License-Identifier: MIT */
/* pairs.c - describes the key-value pairs of a file. */
#include "gguf.h"

static tenon_status
check_alignment (struct gguf_reader *reader, uint64_t place, const struct tenon_value *value)
{
    if (value->type != TENON_U32)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place, "general.alignment is no u32");
    uint64_t alignment = value->as.u;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place,
                           "general.alignment is %llu, expected a power of two",
                           (unsigned long long) alignment);
    reader->alignment = alignment;
    return TENON_OK;
}

static int
is_alignment (const char *key, uint64_t length)
{
    static const char name[] = "general.alignment";
    return length == sizeof name - 1 && memcmp (key, name, length) == 0;
}

/* Tells of a key that comes again. The first value counts, as in ggml, which searches from the beginning. */
static tenon_status
tell_repeated (struct gguf_reader *reader, uint64_t first, uint64_t place, uint64_t value)
{
    uint64_t before = value - place; /* the bytes of the key, with its length */
    int same;
    gguf_note (reader, TENON_NOTE | TENON_FLAW,
               "it occurs twice, at byte %llu and at byte %llu: the first value counts",
               (unsigned long long) first, (unsigned long long) place);
    TENON_TRY (gguf_names_compare (reader, first + before, value, reader->cursor.position, &same));
    if (!same)
        gguf_note (reader, TENON_LOSS, "its value at byte %llu is another one, and is left out",
                   (unsigned long long) place);
    return TENON_OK;
}

static tenon_status
read_pair_value (struct gguf_reader *reader, const char *key, uint64_t length, uint64_t place)
{
    struct tenon_value value;
    uint32_t type, split = gguf_split_key (key, length);
    uint64_t at = reader->cursor.position, first;
    TENON_TRY (gguf_names_add (reader, &reader->keys, key, length, place, &first));
    TENON_TRY (gguf_take_u32 (reader, &type, "the type of its value"));
    if (type >= GGUF_VALUES)
        return gguf_fail (reader, TENON_E_MALFORMED, at, "there is no value type %u", type);
    TENON_TRY (gguf_read_value (reader, type, &value));
    if (first > 0)
        return tell_repeated (reader, first, place, at);
    TENON_TRY (gguf_shapes_take (reader, key, length, &value));
    if (is_alignment (key, length))
        TENON_TRY (check_alignment (reader, place, &value));
    if (split < GGUF_SPLIT_KEYS)
        TENON_TRY (gguf_split_take (reader, split, &value, place));
    return split < GGUF_SPLIT_KEYS && gguf_split_whole (reader)
               ? TENON_OK
               : reader->call->host->add_metadata (reader->call, key, length, &value);
}

static tenon_status
read_pair (struct gguf_reader *reader, uint64_t number)
{
    const char *text;
    uint64_t length, place = reader->cursor.position;
    reader->subject = (struct gguf_subject){ "key-value pair", NULL, 0, number };
    TENON_TRY (gguf_take_string (reader, &text, &length, "the key"));
    if (length == 0)
        return gguf_fail (reader, TENON_E_MALFORMED, place, "%s", "its key is empty");
    char short_key[256], *key = short_key; /* the cursor's bytes are valid up to the next take */
    if (length >= sizeof short_key && !(key = reader->call->host->scratch (reader->call, length + 1)))
        return TENON_E_MEMORY;
    memcpy (key, text, length);
    key[length] = 0;
    reader->subject = (struct gguf_subject){ "the key", key, length, number };
    tenon_status status = read_pair_value (reader, key, length, place);
    reader->subject.kind = NULL;
    return status;
}

tenon_status
gguf_read_pairs (struct gguf_reader *reader)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (reader->call->host->option (reader->call, GGUF_OPTION_ORIG_SHAPE, &setting));
    reader->shapes.wanted = setting.integer != 0;
    TENON_TRY (gguf_names_begin (reader, &reader->keys, reader->pairs));
    for (; reader->pairs_there < reader->pairs; reader->pairs_there++)
        TENON_TRY (read_pair (reader, reader->pairs_there));
    gguf_shapes_tell (reader);
    return TENON_OK;
}
