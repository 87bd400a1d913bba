/* SPDX-License-Identifier: MIT */
/* toyraw.h - a toy format for all that a catalog can hold: named dtypes, opaque ones, both orders, both byte
 * orders, aliases, any alignment; typed, nested, lazily read metadata. All numbers are in the byte order that
 * byte 7 names.
 *
 *     "TOYRAW1", 'L' or 'B' · u32 tensors · u32 metadata entries · u64 offset of the data
 *     each entry:   u16 length, key · value
 *     each tensor:  u16 length, name (none: the source's own) · u8 length, dtype (none: opaque, below) ·
 *                   u8 rank · u32 flags, as in struct tenon_tensor · u64 dims · u64 offset in the data ·
 *                   u64 length (all ones: dtype × shape)
 *     opaque:       u64 item size · u8 length, family · u16 length, text
 *     value:        u8 type (TENON_U8 … TENON_F64, STRING, ARRAY, NONE), then
 *                   a scalar's bytes · u32 length, string · u8 item type, u64 count, items
 *     items:        packed scalars · u32 length, string … · whole values when they are arrays themselves
 *
 * Any bytes may follow the data. */
#ifndef TOYRAW_H
#define TOYRAW_H
#include <tenon/plugin.h>

#define TOYRAW_MAGIC "TOYRAW1"
#define TOYRAW_MAGIC_LENGTH 7
#define TOYRAW_DEEPEST 200 /* nested arrays; the core's limit is lower */

enum {
    TOYRAW_ALIGN,
    TOYRAW_ORDER,
    TOYRAW_ENDIAN,
    TOYRAW_HEADER,
    TOYRAW_GAP,
    TOYRAW_SLACK,
    TOYRAW_TRAILER,
    TOYRAW_STAMP,
    TOYRAW_LONGEST_NAME,
    TOYRAW_OPTIONS
};

/* Bytes of a scalar of this type; 0: it is not a type of scalars. */
uint32_t toyraw_width (uint32_t type);
/* The value of an option. */
tenon_status toyraw_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting);
tenon_status toyraw_describe (struct tenon_call *call);
tenon_status toyraw_write (struct tenon_call *call);

#endif
