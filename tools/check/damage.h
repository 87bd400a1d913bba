/* SPDX-License-Identifier: MIT */
/* damage.h - damaged copies of the bytes of a file: cut off, longer, with bytes that are changed. */
#ifndef CHECK_DAMAGE_H
#define CHECK_DAMAGE_H
#include "check/reading.h"

/* Cuts at each byte of a file of this size or less. */
#define DAMAGE_SMALL ((uint64_t) 16 << 10)

struct damage {
    const uint8_t *bytes; /* of the file, borrowed */
    uint64_t size;
    uint64_t *headers; /* offsets of bytes that are no data of tensors, rising */
    uint64_t header_count;
    uint64_t *cuts; /* sizes, rising */
    uint64_t cut_count;
    uint64_t stride; /* from one number to the next, so that any first part of them is spread */
};
/* Takes the bytes of a file, and from the sample that is open what is data in it; `name`: of the file that
 * the bytes are of, without folders. damage_end frees it. */
void damage_start (struct damage *damage, const struct reading_bytes *bytes, const tenon_file *file,
                   const char *name);
void damage_end (struct damage *damage);
/* How many damaged copies there are. */
uint64_t damage_count (const struct damage *damage);
/* Makes number `number` of them: fills `to`, which has room for a byte more than the file, and returns the
 * size. *first: the byte that is damaged first. */
uint64_t damage_make (const struct damage *damage, uint64_t number, uint8_t *to, uint64_t *first);
/* True: the file is empty, or all its bytes are equal. */
bool damage_is_of_whole (const struct damage *damage, uint64_t number);
/* "cut to 17 bytes", "with bit 3 of byte 12 changed" */
void damage_words (const struct damage *damage, uint64_t number, char *words, size_t room);
#endif
