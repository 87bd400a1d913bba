/* SPDX-License-Identifier: MIT */
/* carry.h - stores tensors that a format cannot hold as bytes, beside a record of what they were.
 *
 * The bytes are in C order and little-endian, as u8 [.., bytes of a row], or as u8 [bytes] if the rank is 0
 * or a row does not end on a whole block. The record is a string of metadata:
 *
 *     {"version":1,
 *      "tensors":{NAME:{"dtype":"q4_0","shape":[2,64]},
 *                 NAME:{"family":"toy","text":"date","size":8,"alignment":1,"shape":[3]}},
 *      "order":[names of all tensors],"keys":[all keys of the metadata]}
 *
 * Fortran order and big-endian are not in it: such a tensor comes back in C order and little-endian, and the
 * save reports that as a note, since all values stay. */
#ifndef TN_CARRY_H
#define TN_CARRY_H
#include "open/carry_restore.h"
#include "plan/plan.h"
#include <tenon/plugin.h>

struct tn_carry;

/* If the codec cannot hold a tensor of *plan, or would lose the order of its tensors, *plan becomes a second
 * plan, which the codec can hold. *carry owns it; it points into the first plan, which must outlive it.
 * Otherwise *carry stays as it is. `storing` (tn_storing_codec) says what can be stored. Adds to *losses. */
tenon_status tn_carry_begin (struct tn_carry **carry, tenon_plan **plan, const struct tenon_codec *codec,
                             const struct tenon_codec *storing, tenon_report *report, uint64_t *losses,
                             tenon_error *error);
void tn_carry_end (struct tn_carry *carry);

#endif
