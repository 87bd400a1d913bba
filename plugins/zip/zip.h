/* SPDX-License-Identifier: MIT */
/* zip.h - what the files of the zip plugin share. Each calls those below it only.
 *
 *     zip.c            the tables, and probe
 *     list.c           describe and locate: members, as keys and as parts
 *     local.c          a member, checked against its two headers
 *     write.c          an archive that is written, and added to
 *     headers.c        local headers and the directory, written
 *     blocks.c         the private extra field that tells where the blocks of a deflated member end
 *     directory.c      the end of an archive and its directory, read
 *     names.c          names of members as text, and sets of them
 *
 * The format: PKWARE's APPNOTE.TXT 6.3, as Python's zipfile writes it. All numbers are little-endian;
 * positions and lengths are bytes. All memory is scratch of the call. */
#ifndef TENON_ZIP_H
#define TENON_ZIP_H

#include <tenon/plugin.h>

/* ---- numbers of the format ---- */

#define ZIP_LOCAL 0x04034b50u /* "PK\3\4" */
#define ZIP_CENTRAL 0x02014b50u
#define ZIP_END 0x06054b50u
#define ZIP_END64 0x06064b50u
#define ZIP_LOCATOR 0x07064b50u
#define ZIP_DESCRIPTOR 0x08074b50u
/* Bytes of each without what varies. */
#define ZIP_LOCAL_BYTES 30u
#define ZIP_CENTRAL_BYTES 46u
#define ZIP_END_BYTES 22u
#define ZIP_END64_BYTES 56u
#define ZIP_LOCATOR_BYTES 20u
/* A field of this value: look into the zip64 extra field, or the zip64 end record. */
#define ZIP_MAX16 0xffffu
#define ZIP_MAX32 0xffffffffu

/* Bits of the general purpose flags. */
#define ZIP_ENCRYPTED 0x2041u  /* 0; 6: strongly; 13: the headers are masked */
#define ZIP_PATCHED 0x0020u    /* compressed patched data */
#define ZIP_END_MARKER 0x0002u /* LZMA: the stream has one */
#define ZIP_DESCRIBED 0x0008u  /* sizes and CRC follow the data */
#define ZIP_UTF8 0x0800u
/* Methods. */
#define ZIP_STORED 0u
#define ZIP_DEFLATED 8u
#define ZIP_BZIP2 12u
#define ZIP_LZMA 14u
#define ZIP_ZSTD 93u
#define ZIP_XZ 95u
/* Extra fields: u16 id, u16 length, the bytes. */
#define ZIP_EXTRA_ZIP64 0x0001u
#define ZIP_EXTRA_UNICODE_PATH 0x7075u /* Info-ZIP's */
#define ZIP_EXTRA_BLOCKS 0x6e74u       /* our own, "tn" */
#define ZIP_EXTRA_PADDING 0xd935u      /* zipalign's */

enum { ZIP_OPTION_VERIFY = 0, ZIP_OPTIONS = 1 };
enum { ZIP_VERIFY_READ = 0, ZIP_VERIFY_MAP = 1, ZIP_VERIFY_NO = 2 };

/* ---- directory.c ---- */

/* The central directory of an archive. */
struct zip_directory {
    uint64_t count;        /* entries */
    uint64_t offset, size; /* of the directory in the file */
    uint64_t end;          /* offset of the end record */
    uint64_t loose;        /* bytes behind the directory that belong to no record */
    const uint8_t *bytes;  /* a private copy of the directory */
    const uint8_t *comment;
    uint32_t comment_length;
};

/* An entry of the directory. Numbers are those of the zip64 field if it has one. */
struct zip_entry {
    const uint8_t *bytes; /* the entry in the directory's copy */
    const uint8_t *raw;   /* its name there */
    const uint8_t *extra;
    const char *name; /* UTF-8; need not end in NUL */
    uint32_t raw_length, extra_length, name_length, entry_length;
    uint32_t flags, method, crc;
    uint64_t stored, size; /* encoded, decoded */
    uint64_t offset;       /* of its local header */
    uint64_t place;        /* of the entry in the file */
};

/* Finds the end record, and with it the place of the directory. Reads nothing else. */
tenon_status zip_find_directory (struct tenon_call *call, uint64_t file_size,
                                 struct zip_directory *directory);
/* The same, and reads the directory. */
tenon_status zip_open_directory (struct tenon_call *call, struct zip_directory *directory);
/* The entry at `position` in the directory. `name`, of `name_length` bytes: what an earlier call found; NULL:
 * there was none. */
tenon_status zip_read_entry (struct tenon_call *call, const struct zip_directory *directory,
                             uint64_t position, const char *name, uint64_t name_length,
                             struct zip_entry *entry);

/* ---- names.c ---- */

/* The extra field of this id; NULL if there is none. A list that is not well-formed ends at the fault. */
const uint8_t *zip_find_extra (const uint8_t *extra, uint32_t length, uint32_t id, uint32_t *size);

#define ZIP_SHOWN 200u
/* The name of an entry for a message, or for the item of a note, both of which the host escapes; cut if it is
 * long, and with '?' for a NUL. Returns `shown`. */
const char *zip_show (const struct zip_entry *entry, char shown[ZIP_SHOWN]);
/* True if no byte of a name of less than 2^32 bytes is above 0x7f. */
int zip_is_ascii (const void *text, uint64_t length);
/* Fills in entry->name. Fails on a name with a NUL, or on one that is announced as UTF-8 and is not. */
tenon_status zip_decode_name (struct tenon_call *call, struct zip_entry *entry);

struct zip_name {
    const char *text; /* the caller's; need not end in NUL */
    uint32_t length;
    uint32_t last; /* the number of the last member of that name */
};
/* A set of names, in a hash table. */
struct zip_names {
    /* of each slot the lower index_bits are the number of an entry, from 1, and the others bits of its hash;
     * 0: the slot is free */
    uint32_t *slots;
    struct zip_name *entries;
    struct tenon_call *call;
    uint64_t mask, count, room;
    uint32_t index_bits;
};
/* Begins a set with room for `count` names. */
tenon_status zip_begin_names (struct tenon_call *call, uint64_t count, struct zip_names *names);
/* The slot of a name, which holds 0 if the name is not in the set; *tag are the bits of its hash. */
uint32_t *zip_find_name (const struct zip_names *names, const char *text, uint32_t length, uint32_t *tag);
/* The name of a slot that is not 0. */
struct zip_name *zip_name_in (const struct zip_names *names, const uint32_t *slot);
/* Adds a name. Returns 0 if it was there already. */
int zip_add_name (struct zip_names *names, const char *text, uint32_t length);
/* The same; the set makes room. It began with room for one name or more. */
tenon_status zip_add_name_growing (struct zip_names *names, const char *text, uint32_t length);

/* ---- blocks.c ---- */

/* The most bytes of the field of blocks, and the bytes before its table. */
#define ZIP_BLOCKS 16000u
#define ZIP_BLOCKS_HEAD 8u
/* Tells `part` where the blocks of an encoded member end, if its entry tells; else block_size stays 0. A
 * table that cannot be right is ignored, with a note. */
tenon_status zip_take_blocks (struct tenon_call *call, const struct zip_entry *entry,
                              struct tenon_part *part);
/* The bytes of the field for a member; 0 if it gets none. */
uint32_t zip_blocks_bytes (const struct tenon_member_result *result);
/* Writes them, and returns the address behind. */
void *zip_put_blocks (void *to, const struct tenon_member_result *result);

/* ---- local.c ---- */

/* Why a member cannot be read; status 0: it can. */
struct zip_fault {
    tenon_status status;
    char words[300];
};

/* The state of describe and locate. */
struct zip_reader {
    struct tenon_call *call;
    struct zip_directory directory;
    struct zip_names names; /* of the members, raw */
    uint64_t replaced;      /* members that a later one of the same name replaces */
    int64_t verify;         /* ZIP_VERIFY_* */
    struct zip_fault fault; /* of the member */
};

/* Checks an entry by itself, then against its local header. *lead: the bytes from the first of that header to
 * the first of the data. A place that cannot be is a failure of the archive; whatever else is wrong with one
 * member goes to reader->fault. */
tenon_status zip_check_member (struct zip_reader *reader, const struct zip_entry *entry, uint64_t *lead);

/* ---- list.c ---- */

tenon_status zip_list (struct tenon_call *call);
tenon_status zip_locate (struct tenon_call *call, const struct tenon_part *part);
/* The filters that the format has numbers for, NULL-terminated. */
extern const char *const zip_filters[];
/* The filter for a method; NULL: none is known, or it is stored. */
const char *zip_filter_of (uint32_t method);
/* The method for a filter, or NULL; ZIP_NO_METHOD: there is none. */
#define ZIP_NO_METHOD 0xffffu
uint32_t zip_method_of (const char *filter);

/* ---- headers.c ---- */

#define ZIP_LONGEST_NAME 65535u
#define ZIP_MOST_ALIGNMENT 4096u

/* A chunk of the new directory: entries in the order of the members. Each chunk is twice as large as the one
 * before, so that nothing is copied. */
struct zip_chunk {
    struct zip_chunk *next;
    uint64_t room, used;
    uint8_t *bytes;
};

/* A member, for both of its headers. */
struct zip_heading {
    const char *name;
    uint64_t name_length;
    uint32_t flags, method;
    uint64_t alignment; /* of its data */
    int wide;           /* its local header has a zip64 field */
    uint64_t offset;    /* of the local header */
};

/* The state of write. */
struct zip_writer {
    struct tenon_call *call;
    struct zip_chunk *first, *last;
    uint64_t entries, bytes; /* of the directory so far */
    uint32_t seekable;
    struct zip_heading heading; /* of the open entry */
    int adds;                   /* to the archive of: */
    struct zip_directory old;
    struct zip_names dropped; /* old members that are not kept */
};

/* True if a member with `length` bytes of data, and a header before them, may reach 4 GiB. */
int zip_may_be_wide (uint64_t length);
/* A member is: its local header; its data; the numbers that are known then; its entry. */
tenon_status zip_put_local (struct zip_writer *writer, struct zip_heading *heading);
tenon_status zip_complete_local (struct zip_writer *writer, const struct zip_heading *heading,
                                 const struct tenon_member_result *result);
tenon_status zip_add_entry (struct zip_writer *writer, const struct zip_heading *heading,
                            const struct tenon_member_result *result);
/* Puts an entry of the old directory as it is. The old entries come before the others. */
tenon_status zip_keep_entry (struct zip_writer *writer, const struct zip_entry *entry);
/* Writes the directory, whose old entries have been put from `offset` on, and its end. */
tenon_status zip_put_directory (struct zip_writer *writer, uint64_t offset);

/* ---- write.c ---- */

tenon_status zip_begin (struct tenon_call *call);
tenon_status zip_drop (struct tenon_call *call, const char *key, uint64_t length);
tenon_status zip_begin_entry (struct tenon_call *call, const struct tenon_entry *entry);
tenon_status zip_end_entry (struct tenon_call *call, const struct tenon_entry *entry,
                            const struct tenon_member_result *result);
tenon_status zip_finish (struct tenon_call *call);

#endif
