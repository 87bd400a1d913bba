/* SPDX-License-Identifier: MIT */
/* names.h - the names of values: made of keys, and each used once. */
#ifndef TENON_PT_NAMES_H
#define TENON_PT_NAMES_H

#include "pt.h"

/* Appends the key, or the index of a value without one, to the present name. *taken: bytes of work. */
tenon_status pt_add_part (struct pt_reader *reader, const struct pt_frame *frame, uint32_t index,
                          uint32_t key, uint64_t *taken);
/* Of keys that a dict has several times the last value counts, as in Python: compares them, once. */
tenon_status pt_check_keys (struct pt_reader *reader, uint32_t dict);

#endif
