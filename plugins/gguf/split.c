/* SPDX-License-Identifier: MIT */
/* split.c - sharded sets, NAME-00001-of-00003.gguf. Three keys in each shard give its number, the number of
 * shards, and the tensors of the set. llama.cpp counts shards from 0 in the keys, from 1 in names. */
#include "gguf.h"

const char *const gguf_split_keys[GGUF_SPLIT_KEYS] = { [GGUF_SPLIT_NUMBER] = "split.no",
                                                       [GGUF_SPLIT_COUNT] = "split.count",
                                                       [GGUF_SPLIT_TENSORS] = "split.tensors.count" };
const uint32_t gguf_split_types[GGUF_SPLIT_KEYS] = {
    [GGUF_SPLIT_NUMBER] = TENON_U16, [GGUF_SPLIT_COUNT] = TENON_U16, [GGUF_SPLIT_TENSORS] = TENON_I32
};

uint32_t
gguf_split_key (const char *key, uint64_t length)
{
    uint32_t found = 0;
    while (
        found < GGUF_SPLIT_KEYS
        && (strlen (gguf_split_keys[found]) != length || memcmp (gguf_split_keys[found], key, length) != 0))
        found++;
    return found;
}

tenon_status
gguf_split_begin (struct gguf_reader *reader)
{
    struct tenon_call *call = reader->call;
    struct gguf_split *split = &reader->split;
    split->set.struct_size = sizeof split->set;
    TENON_TRY (call->host->shard_info (call, &split->set));
    if (split->set.state_size == sizeof split->left)
        memcpy (&split->left, split->set.state, sizeof split->left);
    return TENON_OK;
}

int
gguf_split_whole (const struct gguf_reader *reader)
{
    return (reader->split.set.flags & TENON_SHARDS_WHOLE) && reader->split.set.count > 1;
}

tenon_status
gguf_split_take (struct gguf_reader *reader, uint32_t key, const struct tenon_value *value, uint64_t place)
{
    struct gguf_split *split = &reader->split;
    uint32_t type = gguf_split_types[key];
    if (value->type != type)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place, "%s is no %s", gguf_split_keys[key],
                           type == TENON_U16 ? "u16" : "i32");
    if (split->has[key]++)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place, "the metadata key '%s' occurs twice",
                           gguf_split_keys[key]);
    split->values[key] = type == TENON_U16 ? (int64_t) value->as.u : value->as.i;
    split->places[key] = place;
    return TENON_OK;
}

/* ---- the number of the shard ---- */

/* The file is a shard by its name. Opened by itself it may lack the key, but must not contradict the name. */
static tenon_status
check_named (struct gguf_reader *reader, uint32_t key, uint64_t expected)
{
    struct gguf_split *split = &reader->split;
    const char *word = gguf_split_keys[key];
    unsigned long long number = split->set.number, count = split->set.count;
    if (!split->has[key] && gguf_split_whole (reader))
        return tenon_fail (reader->call, TENON_E_MALFORMED, TENON_AUTO,
                           "it has no key %s, its name says that it is shard %llu of %llu", word, number,
                           count);
    if (!split->has[key] || (uint64_t) split->values[key] == expected)
        return TENON_OK;
    if (key == GGUF_SPLIT_COUNT && count == 1 && split->values[key] == 0)
        return TENON_OK;
    return tenon_fail (reader->call, TENON_E_MALFORMED, split->places[key],
                       "%s is %lld, expected %llu: its name says that it is shard %llu of %llu", word,
                       (long long) split->values[key], (unsigned long long) expected, number, count);
}

/* The file is a shard only by its keys, so it is read by itself. */
static tenon_status
check_unnamed (struct gguf_reader *reader)
{
    const struct gguf_split *split = &reader->split;
    int64_t number = split->values[GGUF_SPLIT_NUMBER], count = split->values[GGUF_SPLIT_COUNT];
    if (count < 2) /* files that llama.cpp merges keep the keys, with a count of 0 */
        return TENON_OK;
    if (number >= count)
        return tenon_fail (reader->call, TENON_E_MALFORMED, split->places[GGUF_SPLIT_NUMBER],
                           "split.no is %lld, expected less than split.count, %lld", (long long) number,
                           (long long) count);
    tenon_note (
        reader->call, TENON_NOTE, NULL,
        "its keys say that it is shard %lld of %lld of a set, its name does not: it is read by itself",
        (long long) number + 1, (long long) count);
    return TENON_OK;
}

/* All shards of a set state the same number of tensors. */
static tenon_status
check_same_total (struct gguf_reader *reader)
{
    const struct gguf_split *split = &reader->split;
    int64_t total = split->values[GGUF_SPLIT_TENSORS];
    uint64_t *first = &reader->split.left.total;
    if (!split->has[GGUF_SPLIT_TENSORS])
        return tenon_fail (reader->call, TENON_E_MALFORMED, TENON_AUTO,
                           "it has no key split.tensors.count, its name says that it is shard %llu of %llu",
                           (unsigned long long) split->set.number, (unsigned long long) split->set.count);
    if (split->set.number == 1 || ((split->set.flags & TENON_SHARDS_INCOMPLETE) && *first == 0))
        *first = (uint64_t) total;
    if (*first == (uint64_t) total)
        return TENON_OK;
    return tenon_fail (reader->call, TENON_E_MALFORMED, split->places[GGUF_SPLIT_TENSORS],
                       "split.tensors.count is %lld, the first shard says %lld", (long long) total,
                       (long long) *first);
}

tenon_status
gguf_split_check (struct gguf_reader *reader)
{
    const struct tenon_shard_info *set = &reader->split.set;
    if (set->count == 0)
        return check_unnamed (reader);
    TENON_TRY (check_named (reader, GGUF_SPLIT_COUNT, set->count));
    TENON_TRY (check_named (reader, GGUF_SPLIT_NUMBER, set->number - 1));
    return gguf_split_whole (reader) ? check_same_total (reader) : TENON_OK;
}

/* ---- the number of tensors ---- */

tenon_status
gguf_split_end (struct gguf_reader *reader)
{
    const struct gguf_split *split = &reader->split;
    int64_t total = split->values[GGUF_SPLIT_TENSORS], count = split->values[GGUF_SPLIT_COUNT];
    int whole = gguf_split_whole (reader), last = whole && split->set.number == split->set.count
                                                  && !(split->set.flags & TENON_SHARDS_INCOMPLETE);
    uint64_t found = reader->tensors;
    if (whole) { /* three tensors of a triple are one of the file */
        found += split->set.tensors - split->left.more_tensors;
        reader->split.left.more_tensors += reader->more_tensors;
        TENON_TRY (reader->call->host->leave_state (reader->call, &split->left, sizeof split->left));
    }
    if (!split->has[GGUF_SPLIT_TENSORS] || count < 2)
        return TENON_OK;
    if (total >= 0 && (last ? found == (uint64_t) total : found <= (uint64_t) total))
        return TENON_OK;
    return tenon_fail (reader->call, TENON_E_MALFORMED, split->places[GGUF_SPLIT_TENSORS],
                       "split.tensors.count is %lld, %s %s %llu tensors", (long long) total,
                       whole ? "the shards" : "this shard alone",
                       !whole ? "has"
                       : last ? "have"
                              : "up to this one have",
                       (unsigned long long) found);
}

/* ---- writing ---- */

/* Reads the number of five or more digits that ends at *end, and moves *end before it. 0: there is none. */
static uint64_t
number_before (const char *name, uint64_t *end)
{
    uint64_t begin = *end, number = 0, unit = 1;
    for (; begin > 0 && *end - begin < 18 && name[begin - 1] >= '0' && name[begin - 1] <= '9'; unit *= 10)
        number += unit * (uint64_t) (name[--begin] - '0');
    uint64_t digits = *end - begin;
    *end = begin;
    return digits < 5 || (digits > 5 && name[begin] == '0') ? 0 : number;
}

/* Reads "NAME-00001-of-00003" as the core does for shard_info. */
static void
read_shard_name (const char *name, uint64_t length, struct tenon_shard_info *set)
{
    static const char of[] = "-of-";
    uint64_t end = length, width = sizeof of - 1, count = number_before (name, &end);
    if (end < width || memcmp (name + end - width, of, width) != 0)
        return;
    end -= width;
    uint64_t number = number_before (name, &end);
    if (end < 2 || name[end - 1] != '-' || number == 0 || number > count)
        return;
    set->number = number;
    set->count = count;
}

tenon_status
gguf_split_single (struct tenon_call *call, const struct tenon_plan_info *plan, uint64_t tensors)
{
    struct gguf_reader reader;
    memset (&reader, 0, sizeof reader);
    reader.call = call;
    reader.tensors = tensors;
    struct gguf_split *split = &reader.split;
    read_shard_name (plan->name, plan->name_length, &split->set);
    for (uint64_t i = 0; i < plan->metadata; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        uint32_t found = gguf_split_key (key, length);
        if (found < GGUF_SPLIT_KEYS)
            TENON_TRY (gguf_split_take (&reader, found, &value, TENON_AUTO));
    }
    if (split->set.count > 1 && !(split->has[GGUF_SPLIT_NUMBER] && split->has[GGUF_SPLIT_COUNT]))
        return tenon_fail (
            call, TENON_E_UNSUPPORTED, TENON_AUTO,
            "its name says that it is shard %llu of %llu of a set, and what is written is no shard: "
            "choose another name; gguf.shard_size and gguf.shard_tensors write sets",
            (unsigned long long) split->set.number, (unsigned long long) split->set.count);
    TENON_TRY (gguf_split_check (&reader));
    return gguf_split_end (&reader);
}
