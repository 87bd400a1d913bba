/* SPDX-License-Identifier: MIT */
/* plain.c - a tensor in the form that all writers give it, to the byte:
 *
 *     {"dtype":"F32","shape":[4096,4096],"data_offsets":[0,67108864]}
 *
 * A large header consists of these. Any other form is left to the parser. */
#include "safetensors.h"

#define LONGEST_NUMBER 19 /* digits that always fit into 64 bits */

static const uint8_t *
skip_text (const uint8_t *at, const uint8_t *end, const char *text, size_t length)
{
    return (size_t) (end - at) >= length && memcmp (at, text, length) == 0 ? at + length : NULL;
}
#define SKIP(at, end, text) skip_text (at, end, text, sizeof (text) - 1)

/* A whole number without a leading zero; NULL: it is none. */
static inline const uint8_t *
take_number (const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    const uint8_t *begin = at;
    uint64_t sum = 0;
    for (; at < end && (uint8_t) (*at - '0') <= 9; at++)
        sum = sum * 10 + (uint8_t) (*at - '0');
    if (at == begin || at - begin > LONGEST_NUMBER || (*begin == '0' && at - begin > 1))
        return NULL;
    *value = sum;
    return at;
}

/* F32" of "F32". Successive tensors often have the same dtype, so that is compared first. */
static const uint8_t *
take_dtype (const uint8_t *at, const uint8_t *end, const struct st_dtype **dtype)
{
    const struct st_dtype *last = *dtype;
    size_t left = (size_t) (end - at);
    if (last && left > last->length && memcmp (at, last->word, last->length) == 0 && at[last->length] == '"')
        return at + last->length + 1;
    const uint8_t *quote = memchr (at, '"', left < 16 ? left : 16);
    *dtype = quote ? st_find_word (at, (uint64_t) (quote - at)) : NULL;
    return *dtype ? quote + 1 : NULL;
}

const uint8_t *
st_take_plain (const uint8_t *at, const uint8_t *end, struct st_entry *entry)
{
    if (!(at = SKIP (at, end, "{\"dtype\":\"")) || !(at = take_dtype (at, end, &entry->dtype))
        || !(at = SKIP (at, end, ",\"shape\":[")))
        return NULL;
    entry->rank = 0;
    if (at < end && *at == ']')
        at++;
    else
        for (;; at++) {
            if (entry->rank == ST_RANK || !(at = take_number (at, end, &entry->shape[entry->rank++]))
                || at == end)
                return NULL;
            if (*at == ']') {
                at++;
                break;
            }
            if (*at != ',')
                return NULL;
        }
    if (!(at = SKIP (at, end, ",\"data_offsets\":[")) || !(at = take_number (at, end, &entry->begin))
        || !(at = SKIP (at, end, ",")) || !(at = take_number (at, end, &entry->end)))
        return NULL;
    return SKIP (at, end, "]}");
}
