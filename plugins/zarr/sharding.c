/* SPDX-License-Identifier: MIT */
/* sharding.c - version 3: the list of codecs. It is codecs that change the array, then one that makes bytes
 * of it, then codecs of bytes. The second kind may be shards, which have a list of codecs of their own for
 * their inner chunks: the lists are read one after the other, the innermost last. */
#include "read.h"

/* The list of codecs in work. */
struct chain {
    struct zarr_reader *reader;
    struct zarr_array *array;
    struct zarr_text codecs;    /* the list; then that of the inner chunks, or none */
    struct zarr_text data_type; /* of the array */
    uint64_t shape[ZARR_RANK];  /* of the chunks, in dims of the array */
    uint32_t has_bytes;         /* the codec that makes bytes was there */
};

static int32_t
fault_chain (struct chain *chain, const char *why)
{
    return zarr_fault (chain->reader, TENON_E_UNSUPPORTED, "%s", why);
}

/* ---- transpose ---- */

/* Reorders dims: stored dim i is dim order[i] of what came before. */
static int32_t
apply_order (struct chain *chain, const uint64_t *order, uint64_t count)
{
    struct zarr_array *array = chain->array;
    uint32_t before[ZARR_RANK];
    uint64_t seen = 0;
    if (count != array->rank)
        return zarr_fault (chain->reader, TENON_E_MALFORMED,
                           "the codec 'transpose' has %llu dims, the array has %u",
                           (unsigned long long) count, array->rank);
    memcpy (before, array->order, sizeof before);
    for (uint64_t i = 0; i < count; i++) {
        if (order[i] >= count || seen >> order[i] & 1)
            return zarr_fault (chain->reader, TENON_E_MALFORMED,
                               "the \"order\" of the codec 'transpose' does not name each dim once");
        seen |= (uint64_t) 1 << order[i];
        array->order[i] = before[order[i]];
    }
    return 0;
}

/* The order is a list; early versions had "C" and "F", too. */
static int32_t
take_transpose (struct chain *chain, struct zarr_text configuration)
{
    struct zarr_reader *reader = chain->reader;
    struct zarr_member member = { "order", { 0 } };
    uint64_t order[ZARR_RANK], count = chain->array->rank;
    if (configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, configuration, "the configuration of the codec 'transpose'",
                                     &member, 1, NULL));
    if (!member.value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "the codec 'transpose' has no \"order\"");
    if (chain->array->step_count > 0)
        return fault_chain (chain, "the codec 'transpose' stands behind one that changes the items");
    if (zarr_text_is (reader, member.value, "C"))
        return 0;
    if (!zarr_text_is (reader, member.value, "F"))
        ZARR_TRY (zarr_take_numbers (reader, member.value, "the \"order\" of the codec 'transpose'", order,
                                     ZARR_RANK, &count));
    else
        for (uint64_t i = 0; i < count; i++)
            order[i] = count - 1 - i;
    return apply_order (chain, order, count);
}

/* ---- bytes ---- */

/* *order is '<', '>', or 0 if the configuration states none. */
static int32_t
take_endian (struct zarr_reader *reader, struct zarr_text configuration, char *order)
{
    struct zarr_member member = { "endian", { 0 } };
    *order = 0;
    if (configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, configuration, "the configuration of the codec 'bytes'", &member,
                                     1, NULL));
    if (!member.value.bytes || zarr_token (reader, member.value) == TENON_JSON_NULL)
        return 0;
    *order = zarr_text_is (reader, member.value, "little") ? '<'
             : zarr_text_is (reader, member.value, "big")  ? '>'
                                                           : 0;
    return *order ? 0
                  : zarr_fault (reader, TENON_E_MALFORMED,
                                "the \"endian\" of the codec 'bytes' is neither \"little\" nor \"big\"");
}

/* A step that works on numbers has the byte order of the bytes: the last number of its setup. */
static void
order_steps (struct chain *chain, char order)
{
    for (uint32_t i = 0; i < chain->array->step_count; i++)
        if (strcmp (chain->array->steps[i].filter, "delta") == 0)
            tenon_put_le32 (chain->array->steps[i].setup + 8, order == '>');
}

static int32_t
take_bytes (struct chain *chain, struct zarr_text configuration)
{
    struct zarr_array *array = chain->array;
    char order;
    ZARR_TRY (take_endian (chain->reader, configuration, &order));
    if (!order && array->type.bytes > 1 && !strchr ("SV", array->type.kind))
        return zarr_fault (chain->reader, TENON_E_MALFORMED,
                           "the codec 'bytes' has no \"endian\", though items have %llu bytes",
                           (unsigned long long) array->type.bytes);
    if (order == '>')
        ZARR_TRY (zarr_take_type (chain->reader, chain->data_type, order, &array->type));
    order_steps (chain, order);
    return 0;
}

/* ---- shards ---- */

/* The codecs of an index: bytes, and crc32c behind it or not. */
static int32_t
take_index_codecs (struct chain *chain, struct zarr_text codecs, struct zarr_shards *shards)
{
    struct zarr_reader *reader = chain->reader;
    struct tenon_json json;
    uint32_t count = 0;
    char order = 0;
    zarr_begin (reader, codecs, &json);
    int32_t token = tenon_json_next (&json);
    if (token != TENON_JSON_BEGIN_ARRAY)
        return zarr_fault (reader, TENON_E_MALFORMED, "\"index_codecs\" is no array");
    for (; (token = tenon_json_next (&json)) != TENON_JSON_END_ARRAY; count++) {
        struct zarr_named named;
        struct zarr_text text;
        ZARR_TRY (zarr_take (reader, &json, token, &text));
        ZARR_TRY (zarr_take_named (reader, text, "a codec of an index", &named));
        if (count == 0 && (zarr_word_is (named.name, "bytes") || zarr_word_is (named.name, "endian")))
            ZARR_TRY (take_endian (reader, named.configuration, &order));
        else if (count == 1 && zarr_word_is (named.name, "crc32c"))
            shards->has_sum = 1;
        else
            return zarr_fault (reader, TENON_E_UNSUPPORTED,
                               "the index of shards has the codec '%.*s', expected bytes and crc32c",
                               named.name.length > 80 ? 80 : (int) named.name.length, named.name.bytes);
    }
    shards->big_endian = order == '>';
    return order ? 0
                 : zarr_fault (reader, TENON_E_MALFORMED, "\"index_codecs\" has no bytes with an \"endian\"");
}

/* The shape of inner chunks: its dims are those of the shard as it is stored, and divide them. */
static int32_t
take_inner_shape (struct chain *chain, struct zarr_text text, struct zarr_shards *shards)
{
    struct zarr_array *array = chain->array;
    uint64_t numbers[ZARR_RANK], count;
    ZARR_TRY (
        zarr_take_numbers (chain->reader, text, "\"chunk_shape\" of shards", numbers, ZARR_RANK, &count));
    if (count != array->rank)
        return zarr_fault (chain->reader, TENON_E_MALFORMED,
                           "\"chunk_shape\" of shards has %llu dims, the array has %u",
                           (unsigned long long) count, array->rank);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t dim = array->order[i];
        if (numbers[i] == 0 || chain->shape[dim] % numbers[i])
            return zarr_fault (chain->reader, TENON_E_MALFORMED,
                               "\"chunk_shape\" of shards has the dim %llu, which does not divide %llu",
                               (unsigned long long) numbers[i], (unsigned long long) chain->shape[dim]);
        shards->inner[dim] = numbers[i];
    }
    return 0;
}

/* Goes on with the codecs of the inner chunks. */
static void
enter_shards (struct chain *chain, const struct zarr_shards *shards, struct zarr_text codecs)
{
    memcpy (chain->shape, shards->inner, sizeof chain->shape);
    chain->codecs = codecs;
    chain->has_bytes = 0;
    chain->array->level_count++;
}

static int32_t
take_sharding (struct chain *chain, struct zarr_text configuration, struct zarr_text *inner)
{
    struct zarr_member members[] = {
        { "chunk_shape", { 0 } }, { "codecs", { 0 } }, { "index_codecs", { 0 } }, { "index_location", { 0 } }
    };
    struct zarr_reader *reader = chain->reader;
    struct zarr_array *array = chain->array;
    if (array->level_count == ZARR_LEVELS)
        return fault_chain (chain, "shards are nested deeper than 4 levels");
    if (array->step_count > 0)
        return fault_chain (chain, "the codec 'sharding_indexed' stands behind one that changes the items");
    if (configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, configuration,
                                     "the configuration of the codec 'sharding_indexed'", members, 4, NULL));
    for (uint32_t i = 0; i < 3; i++)
        if (!members[i].value.bytes)
            return zarr_fault (reader, TENON_E_MALFORMED, "the codec 'sharding_indexed' has no \"%s\"",
                               members[i].name);
    struct zarr_shards *shards = &array->levels[array->level_count];
    memcpy (shards->order, array->order, sizeof shards->order);
    ZARR_TRY (take_inner_shape (chain, members[0].value, shards));
    ZARR_TRY (take_index_codecs (chain, members[2].value, shards));
    struct zarr_text place = members[3].value;
    shards->at_start = place.bytes && zarr_text_is (reader, place, "start");
    if (place.bytes && !shards->at_start && !zarr_text_is (reader, place, "end"))
        return zarr_fault (reader, TENON_E_MALFORMED,
                           "\"index_location\" of shards is neither \"start\" nor \"end\"");
    *inner = members[1].value;
    return 0;
}

/* ---- the list ---- */

/* A codec that is a step. */
static int32_t
take_step (struct chain *chain, const struct zarr_named *named)
{
    static const char prefix[] = "numcodecs.";
    const uint64_t length = sizeof prefix - 1;
    struct zarr_word name = named->name;
    uint32_t works_on = ZARR_ON_BYTES;
    int has_prefix = name.length > length && memcmp (name.bytes, prefix, length) == 0;
    if (has_prefix)
        name = (struct zarr_word){ name.bytes + length, name.length - length, name.place };
    if (!has_prefix && zarr_word_is (name, "blosc"))
        ZARR_TRY (zarr_add_blosc3 (chain->reader, chain->array, named->configuration));
    else if (!has_prefix && zarr_word_is (name, "crc32c"))
        ZARR_TRY (zarr_add_crc32c (chain->reader, chain->array));
    else {
        int32_t status = zarr_add_step (chain->reader, chain->array, name, named->configuration, &works_on);
        if (status == ZARR_FAULT && named->may_ignore) {
            chain->reader->fault = TENON_OK;
            return 0;
        }
        ZARR_TRY (status);
    }
    if ((works_on == ZARR_ON_BYTES) != chain->has_bytes)
        return zarr_fault (chain->reader, TENON_E_MALFORMED,
                           "the codec '%s' stands %s the one that makes bytes of the array",
                           named->name.bytes, chain->has_bytes ? "behind" : "before");
    return 0;
}

/* A codec of the list; *inner is the list of inner chunks if it is shards. */
static int32_t
take_codec (struct chain *chain, struct zarr_text text, struct zarr_text *inner)
{
    struct zarr_named named;
    ZARR_TRY (zarr_take_named (chain->reader, text, "a codec", &named));
    int is_shards = zarr_word_is (named.name, "sharding_indexed");
    int is_bytes = zarr_word_is (named.name, "bytes") || zarr_word_is (named.name, "endian");
    if (inner->bytes)
        return fault_chain (chain, "shards are encoded as a whole: a codec stands behind 'sharding_indexed'");
    if ((is_shards || is_bytes) && chain->has_bytes)
        return zarr_fault (chain->reader, TENON_E_MALFORMED,
                           "two codecs make bytes of the array, the second is '%s'", named.name.bytes);
    if (!is_shards && !is_bytes && !zarr_word_is (named.name, "transpose"))
        return take_step (chain, &named);
    if (zarr_word_is (named.name, "transpose"))
        return chain->has_bytes
                   ? zarr_fault (chain->reader, TENON_E_MALFORMED,
                                 "the codec 'transpose' stands behind the one that makes bytes of the array")
                   : take_transpose (chain, named.configuration);
    chain->has_bytes = 1;
    return is_shards ? take_sharding (chain, named.configuration, inner)
                     : take_bytes (chain, named.configuration);
}

/* One list; chain->codecs is then that of the inner chunks, or none. */
static int32_t
take_list (struct chain *chain)
{
    struct zarr_text text, inner = { 0 };
    struct tenon_json json;
    zarr_begin (chain->reader, chain->codecs, &json);
    int32_t token = tenon_json_next (&json);
    if (token != TENON_JSON_BEGIN_ARRAY)
        return zarr_fault (chain->reader, TENON_E_MALFORMED, "\"codecs\" is no array");
    while ((token = tenon_json_next (&json)) != TENON_JSON_END_ARRAY) {
        ZARR_TRY (zarr_take (chain->reader, &json, token, &text));
        ZARR_TRY (take_codec (chain, text, &inner));
    }
    if (!chain->has_bytes) {
        chain->reader->place = chain->codecs.bytes;
        return zarr_fault (chain->reader, TENON_E_MALFORMED,
                           "\"codecs\" has none that makes bytes of the array, such as 'bytes'");
    }
    if (inner.bytes)
        enter_shards (chain, &chain->array->levels[chain->array->level_count], inner);
    else
        chain->codecs.bytes = NULL;
    return 0;
}

int32_t
zarr_take_codecs (struct zarr_reader *reader, struct zarr_text codecs, struct zarr_text data_type,
                  struct zarr_array *array)
{
    struct chain chain = { .reader = reader, .array = array, .codecs = codecs, .data_type = data_type };
    memcpy (chain.shape, array->chunk, sizeof chain.shape);
    for (uint32_t i = 0; i < ZARR_RANK; i++)
        array->order[i] = i;
    while (chain.codecs.bytes)
        ZARR_TRY (take_list (&chain));
    return 0;
}
