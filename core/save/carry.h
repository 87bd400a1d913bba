/* SPDX-License-Identifier: MIT */
/* carry.h - tensors that a format cannot hold are stored as bytes, beside a record of what they were.
 *
 * The bytes are in C order and little-endian, as u8 [.., bytes of a row]; as [bytes] when the rank is 0 or a
 * row does not end with a byte. The record is a string of metadata:
 *
 *     {"version":1,
 *      "tensors":{NAME:{"dtype":"q4_0","shape":[2,64]},
 *                 NAME:{"family":"toy","text":"date","size":8,"alignment":1,"shape":[3]}},
 *      "order":[names of all tensors],"keys":[all keys of the metadata]}
 *
 * Order and byte order are not in it: what was in Fortran order comes back in C order, and a save says so. */
#ifndef TN_CARRY_H
#define TN_CARRY_H
#include "open/carry_restore.h"
#include "plan/plan.h"
#include <tenon/plugin.h>

struct tn_carry;

/* When the codec cannot hold a tensor of *plan, or would lose its order: *plan becomes a plan like it in
 * which it can, which *carry keeps, and which lives on the first one. `storing` (tn_storing_codec) says what
 * can be stored. Else *carry is NULL. `losses` counts what is lost. */
tenon_status tn_carry_begin (struct tn_carry **carry, tenon_plan **plan, const struct tenon_codec *codec,
                             const struct tenon_codec *storing, tenon_report *report, uint64_t *losses,
                             tenon_error *error);
void tn_carry_end (struct tn_carry *carry);

#endif
