/* SPDX-License-Identifier: MIT */
/* archive.h - builds zips byte by byte for the tests, so that any number in them can be wrong. The format is
 * that of PKWARE's APPNOTE.TXT; no code of the plugin is used. */
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

/* The fields of one of a member's two headers. */
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

/* An archive: set up by archive_begin; archive_end appends the directory and its end with the values of
 * these fields. */
struct archive {
    struct buffer file, directory;
    uint64_t count, here, size, offset; /* of the end record; UINT64_MAX: the true value */
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
/* Begins a stored member that is an npy file: u8 [4], 1 2 3 4. */
void member_begin (const char *name);
/* Begins a member of other bytes; `deflated`: through zlib. */
void member_of (const char *name, const struct buffer *bytes, int deflated);
/* Returns an npy file of this descr and shape ("|u1", "(4,)") before `size` bytes 1, 2, 3, … */
struct buffer npy_of (const char *descr, const char *shape, size_t size);
void member_end (void);
/* Gives the member the zip64 extra field of the first `numbers` of these. */
void wide_extra (struct heading *heading, unsigned numbers, uint64_t a, uint64_t b, uint64_t c);
void archive_end (void);
/* Makes an archive of one good member, as member_begin begins it. */
void one_member (const char *name);
/* Begins an archive with a good member, and begins the member `name`. */
void begin_second (const char *name);
/* Ends the member, and the archive. */
void end_both (void);
/* Begins an archive of one good member, with a zip64 end record. */
void wide_archive (void);

/* ---- opening and reading ---- */

/* Settings for contexts and files that are opened from now on, separated by blanks; NULL: none. */
void settings (const char *words);
/* Opens the archive under the name of a file. */
tenon_file *open_as (const char *name);
tenon_file *open_archive (void);
void close_archive (tenon_file *file);
extern tenon_error error;
/* Opening fails with this status, and with these words in the message or in the place that it names. */
void refused (tenon_status status, const char *words);
/* The archive opens, and has exactly these tensors, separated by blanks, each u8 [4] of 1 2 3 4. */
void accepted (const char *names);
/* The archive opens; one of its tensors has this status and these words, or is named by them, and each other
 * one is u8 [4] of 1 2 3 4. */
void spoiled (tenon_status status, const char *words);
/* True if opening the file left a note with these words. */
int noted (tenon_file *file, const char *words);
/* Reading tensor 0 fails with this status and these words. */
void unreadable (tenon_status status, const char *words);

void setup (void);
void teardown (void);
/* Runs the tests that `add_tests` adds, each between setup and teardown; returns the program's exit status.
 */
int run_suite (const char *name, void (*add_tests) (TCase *cases));
#endif
