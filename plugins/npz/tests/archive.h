/* SPDX-License-Identifier: MIT */
/* archive.h - zips laid out byte by byte for the tests, so that any number in them can be a lie. The format
 * is that of PKWARE's APPNOTE.TXT; nothing here is the plugin's. */
#ifndef ARCHIVE_H
#define ARCHIVE_H
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

#define ROOM (1u << 20)

struct buffer {
    uint8_t *data;
    size_t size;
};
void put (struct buffer *buffer, const void *bytes, size_t size);
void put_number (struct buffer *buffer, uint64_t number, unsigned width);
/* An extra field: id, length, bytes. */
void put_extra (struct buffer *buffer, unsigned id, const void *bytes, unsigned size);

/* What one of a member's two headers says. */
struct heading {
    uint32_t signature, flags, method, crc, stored, size, disk, offset;
    const char *name;
    unsigned name_length;
    uint8_t extra[512];
    struct buffer extras; /* in `extra` */
};

/* A member: set up by member_begin, changed by the test, added by member_end. */
struct member {
    struct heading local, central;
    struct buffer stored; /* its bytes in the archive */
    uint8_t behind[64];   /* what follows them, a data descriptor for example */
    size_t behind_size;
};

/* An archive: set up by archive_begin; archive_end appends the directory and its end, as these fields say
 * then. */
struct archive {
    struct buffer file, directory;
    uint64_t count, here, size, offset; /* of the end record; UINT64_MAX: the truth */
    uint32_t disk, directory_disk;
    int wide; /* with a zip64 end record */
    uint64_t wide_count, wide_size, wide_offset, wide_place, wide_length;
    uint32_t wide_disks;
    uint32_t locator_disk;
    const void *comment;
    unsigned comment_length, comment_claims;
};

extern struct archive archive;
extern struct member member;

void archive_begin (void);
/* A stored member with an npy file: u8 [4], 1 2 3 4. */
void member_begin (const char *name);
/* The same for other bytes; `deflated`: through zlib. */
void member_of (const char *name, const struct buffer *bytes, int deflated);
/* An npy file of this descr and shape ("|u1", "(4,)") before `size` bytes 1, 2, 3, … */
struct buffer npy_of (const char *descr, const char *shape, size_t size);
void member_end (void);
void archive_end (void);
/* archive_begin, one good member x.npy as member_begin has it, archive_end in one. */
void one_member (const char *name);

/* ---- asking ---- */

/* Settings for contexts and files that are opened from now on, by a blank apart; NULL: none. */
void settings (const char *words);
/* The archive, opened under the name of a file. */
tenon_file *open_as (const char *name);
tenon_file *open_archive (void);
void close_archive (tenon_file *file);
extern tenon_error error;
/* Opening fails so, with these words in the message or in the place that it names. */
void refused (tenon_status status, const char *words);
/* It opens, and has just these tensors, by a blank apart, all of them u8 [4] of 1 2 3 4. */
void accepted (const char *names);
/* Did opening it leave a note with these words? */
int noted (tenon_file *file, const char *words);
/* Reading tensor 0 fails so. */
void unreadable (tenon_status status, const char *words);

void setup (void);
void teardown (void);
#endif
