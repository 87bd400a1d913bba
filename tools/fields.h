/* SPDX-License-Identifier: MIT */
/* fields.h - NumPy's element types, as the text of an opaque dtype describes them: "<U3", "<M8[ns]",
 * "[('x', '<f4'), ('y', '|u1', (3,))]". */
#ifndef TOOL_FIELDS_H
#define TOOL_FIELDS_H
#include "common.h"

#define FIELDS_DEEPEST 100 /* records in records, and pairs: NumPy allows no more */

enum field_kind {
    FIELD_NUMBER,  /* of a plain dtype */
    FIELD_STRING,  /* bytes, NULs at the end */
    FIELD_TEXT,    /* code points of 4 bytes, likewise */
    FIELD_DATE,    /* i64, a time since 1970 */
    FIELD_SPAN,    /* i64, a length of time */
    FIELD_RECORD,  /* the fields that follow it, to `end` */
    FIELD_BYTES,   /* anything else */
    FIELD_PADDING, /* bytes without a meaning */
};
struct field {
    enum field_kind kind;
    const char *name, *title; /* of the field in its record; NULL at the top, and without a title */
    size_t name_length, title_length;
    uint64_t offset;   /* in one item of the record around it */
    uint64_t bytes;    /* of one item */
    uint64_t count;    /* items: the product of the dims */
    uint64_t *dims;    /* of a sub-array, outermost first */
    uint32_t rank;     /* of them; 0: one item */
    uint32_t dtype;    /* of a number */
    uint32_t unit;     /* of a date or span, as in dates.h */
    uint64_t multiple; /* of that unit */
    bool big;          /* big-endian */
    size_t end;        /* the index behind it and all fields in it */
};
/* A type and all that is in it: each record is followed by its fields. */
struct fields {
    struct field *items;
    size_t count;
    char *names;
};
/* Parses the text of a type whose items have so many bytes. False: it is no such text. */
bool fields_parse (const char *text, uint64_t bytes, struct fields *fields);
void fields_clean (struct fields *fields);
/* The fields directly in a record, without padding. */
size_t fields_direct (const struct fields *fields, size_t record);
/* The field that `path` names in the record at *at, as "b" or, in records within it, "b.c.d"; a name counts
 * before a title, and a longer one before a shorter one. *at becomes the record in which the rest of the path
 * was looked for, and *rest that. Returns its index, or 0: there is none. */
size_t fields_find (const struct fields *fields, const char *path, size_t *at, const char **rest);
/* The index of the record around a field that is not at the top. */
size_t fields_around (const struct fields *fields, size_t field);
#endif
