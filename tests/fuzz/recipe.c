/* SPDX-License-Identifier: MIT */
/* recipe.c - bytes of the fuzzer as choices, and the buffers that files are made in. */
#include "fuzz.h"
#include <stdarg.h>

/* ---- choices ---- */

static uint64_t
hash_bytes (const uint8_t *data, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 0x100000001b3;
    return hash;
}

void
fuzz_recipe_begin (struct fuzz_recipe *recipe, const uint8_t *data, size_t size)
{
    memset (recipe, 0, sizeof *recipe);
    recipe->at = data;
    recipe->end = data + size;
    uint32_t count = fuzz_below (recipe, FUZZ_FAULTS + 1);
    for (uint32_t i = 0; i < count; i++) {
        recipe->faults[i].place = fuzz_byte (recipe);
        recipe->faults[i].how = fuzz_byte (recipe);
        recipe->faults[i].amount = fuzz_byte (recipe);
    }
    recipe->fault_count = count;
}

void
fuzz_recipe_random (struct fuzz_recipe *recipe, const uint8_t *data, size_t size)
{
    memset (recipe, 0, sizeof *recipe);
    recipe->random = hash_bytes (data, size) | 1;
}

uint8_t
fuzz_byte (struct fuzz_recipe *recipe)
{
    if (recipe->at < recipe->end)
        return *recipe->at++;
    uint64_t *state = &recipe->random;
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17; /* 0 stays 0 */
    return (uint8_t) (*state >> 32);
}

uint32_t
fuzz_below (struct fuzz_recipe *recipe, uint32_t count)
{
    uint32_t number = fuzz_byte (recipe);
    if (count > 256)
        number |= (uint32_t) fuzz_byte (recipe) << 8;
    return number % count;
}

bool
fuzz_rarely (struct fuzz_recipe *recipe, uint32_t odds)
{
    return fuzz_below (recipe, odds) == odds - 1;
}

static uint64_t
twist_number (uint64_t truth, uint8_t how, uint8_t amount)
{
    switch (how % 8) {
    case 0: return truth + 1 + amount;
    case 1: return truth - 1 - amount;
    case 2: return amount;
    case 3: return UINT64_MAX - amount;
    case 4: return truth ^ (uint64_t) 1 << amount % 64;
    case 5: return truth * (2 + (uint64_t) amount);
    case 6: return ((uint64_t) 1 << amount % 64) - amount / 64;
    default: return truth << 8 | amount;
    }
}

uint64_t
fuzz_lie (struct fuzz_recipe *recipe, uint64_t truth)
{
    uint32_t place = recipe->place++;
    for (uint32_t i = 0; i < recipe->fault_count; i++)
        if (recipe->faults[i].place == place)
            truth = twist_number (truth, recipe->faults[i].how, recipe->faults[i].amount);
    return truth;
}

/* ---- buffers ---- */

void
fuzz_put (struct fuzz_buffer *buffer, const void *bytes, size_t size)
{
    if (size > buffer->room - buffer->size) {
        buffer->room = 2 * (buffer->size + size);
        if (!(buffer->data = realloc (buffer->data, buffer->room)))
            abort ();
    }
    if (size > 0)
        memcpy (buffer->data + buffer->size, bytes, size);
    buffer->size += size;
}

void
fuzz_put_number (struct fuzz_buffer *buffer, uint64_t number, unsigned width, bool big)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t byte = (uint8_t) (number >> 8 * (big ? width - 1 - i : i));
        fuzz_put (buffer, &byte, 1);
    }
}

void
fuzz_text (struct fuzz_buffer *buffer, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start (list, format);
    int length = vsnprintf (text, sizeof text, format, list);
    va_end (list);
    fuzz_put (buffer, text, (size_t) length < sizeof text ? (size_t) length : sizeof text - 1);
}

void
fuzz_put_pattern (struct fuzz_buffer *buffer, struct fuzz_recipe *recipe, size_t size)
{
    uint8_t kind = fuzz_byte (recipe), seed = fuzz_byte (recipe);
    uint32_t state = seed + 1u;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        uint8_t byte = (uint8_t) (kind % 4 == 0   ? seed + i
                                  : kind % 4 == 1 ? seed
                                  : kind % 4 == 2 ? state >> 24
                                                  : (i % 4 < 2 ? 0 : state >> 26));
        fuzz_put (buffer, &byte, 1);
    }
}

void
fuzz_damage (struct fuzz_buffer *buffer, const struct fuzz_recipe *recipe)
{
    for (uint32_t i = 0; i < recipe->fault_count && buffer->size > 0; i++)
        if (recipe->faults[i].place >= recipe->place)
            buffer->data[(recipe->faults[i].place + 256u * recipe->faults[i].how) % buffer->size] ^=
                recipe->faults[i].amount;
}

void
fuzz_free (struct fuzz_buffer *buffer)
{
    free (buffer->data);
    memset (buffer, 0, sizeof *buffer);
}
