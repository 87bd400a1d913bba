/* SPDX-License-Identifier: MIT */
/* step_nesting.c - a byte of a header that is repeated half a million times. What nests in a format is often
 * begun by one byte, a bracket or an opcode: a parser that calls itself at each level then leaves its stack.
 */
#include "check/check.h"
#include "check/copies.h"
#include "check/damage.h"

#define REPEATS ((uint64_t) 1 << 19)
/* Bytes of a sample's header that are repeated, and the largest sample. */
#define MOST_PLACES 128
#define MOST_SIZE ((uint64_t) 1 << 20)

struct nesting {
    struct check *check;
    tenon_context *context;
    struct copy copy;
    struct damage damage; /* knows which bytes are no data */
};

/* Opens the sample with the byte at `offset` repeated. What opens is not looked at. */
static void
repeat_byte (struct nesting *nesting, uint64_t offset)
{
    const struct damage *damage = &nesting->damage;
    uint64_t size = damage->size + REPEATS;
    CLEAN (text) char *bytes = get_memory (NULL, size, 1);
    tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    memcpy (bytes, damage->bytes, offset);
    memset (bytes + offset, damage->bytes[offset], REPEATS);
    memcpy (bytes + offset + REPEATS, damage->bytes + offset, damage->size - offset);
    check_counted (nesting->check);
    if (copy_open (&nesting->copy, nesting->context, nesting->copy.sample->codec, 0, bytes, size, &file,
                   &error)
            < 0
        && error.status == TENON_E_MISUSE)
        check_found (nesting->check, RULE_MISUSE, nesting->copy.sample->name, "with byte %llu repeated: %s",
                     (unsigned long long) offset, error.message);
    tenon_close (file); /* before the bytes go */
}

/* Each byte of the header once, where a run of equal ones counts as one. */
static void
repeat_bytes (struct nesting *nesting, uint64_t from, uint64_t base)
{
    const struct damage *damage = &nesting->damage;
    uint64_t places = 0;
    for (uint64_t i = 0; i < damage->header_count && places < MOST_PLACES; i++) {
        uint64_t offset = damage->headers[i];
        if (offset > 0 && damage->bytes[offset] == damage->bytes[offset - 1])
            continue;
        places++;
        if (check_item (nesting->check, from, base + i,
                        "opening %s with byte %llu, 0x%02x, repeated %llu times", nesting->copy.sample->name,
                        (unsigned long long) offset, damage->bytes[offset], (unsigned long long) REPEATS))
            repeat_byte (nesting, offset);
    }
}

static void
nest_sample (struct nesting *nesting, uint64_t from, uint64_t number)
{
    const struct check_sample *sample = &nesting->check->samples[number];
    CLEAN (bytes) struct reading_bytes bytes = { 0 };
    tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    check_item (nesting->check, from, number << 32, "opening %s", sample->name);
    if (sample->codec && copy_make (&nesting->copy, nesting->check, nesting->context, sample, number)
        && nesting->copy.in_memory && copy_load (&nesting->copy, 0, &bytes) && bytes.size <= MOST_SIZE
        && copy_open (&nesting->copy, nesting->context, sample->codec, 0, bytes.bytes, bytes.size, &file,
                      &error)
               == TENON_OK) {
        damage_start (&nesting->damage, &bytes, file, reading_name (nesting->copy.names[0]));
        repeat_bytes (nesting, from, (number << 32) + 1);
        damage_end (&nesting->damage);
    }
    tenon_close (file);
    copy_free (&nesting->copy);
}

static void
run_nesting (struct check *check, uint64_t from)
{
    struct nesting *nesting = get_memory (NULL, 1, sizeof *nesting);
    *nesting = (struct nesting){ .check = check, .context = check_context (check, NULL) };
    for (uint64_t i = from >> 32; i < reading_count (check) && nesting->context; i++)
        nest_sample (nesting, from, i);
    tenon_context_free (nesting->context);
    free (nesting);
}

const struct check_step check_nesting_step = {
    "nesting", "no parser overflows its stack on a byte that is repeated half a million times", run_nesting
};
